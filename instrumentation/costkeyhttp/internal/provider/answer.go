package provider

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
	"github.com/costkey/costkey-otel/usage"
)

const (
	maxName    = 256 // bytes of a model or an id
	maxWord    = 128 // bytes of a word of an enum
	maxReasons = 16  // finish reasons of one answer
)

// Answer is what an answer says. Strings that it does not say are empty, counts unknown.
type Answer struct {
	Said
	FinishReasons []string
	// ProviderUsage is the provider's usage object in compact form; see jsonscan.Compact.
	ProviderUsage []byte
	// UsageObject is ProviderUsage as it goes into the span, once the answer is settled.
	UsageObject string

	toolUsage []byte // an OpenAI answer's tool_usage, in compact form
}

// Said is the part of an [Answer] that can be compared. It differs from what it was before a document wherever the
// document has changed anything of the Answer, the slices too.
type Said struct {
	ID                string
	Model             string
	ServiceTier       string
	SystemFingerprint string
	// ErrorCode and ErrorClass are the provider's own words for a failure, the finer one first.
	ErrorCode  string
	ErrorClass string
	// Background says that the answer is made later and fetched by polling.
	Background bool

	Usage        usage.Usage
	CacheWrite5m usage.Count

	// Cost is what the provider itself says the answer cost in USD, a JSON number as it stands, or "".
	Cost string
	// Measured says that the usage is told in a unit that is no token.
	Measured bool

	// Content says that generated content has been seen.
	Content bool
	// Complete says that the answer's own end has been seen: the provider's end mark in a stream, the closing brace of a
	// plain answer.
	Complete bool
	// Broken says that a function of the user's panicked while it read the answer; see [Custom].
	Broken bool

	reason   [1]string // what FinishReasons begins in: most answers have one
	counts   counts
	ending   bool // the document at hand is the provider's end mark
	fresh    bool // no finish reason yet in the document at hand
	searches int64
	tool     toolCall
	reasons  int // how often FinishReasons has changed
	objects  int // how often an object was read; ProviderUsage is made of such
}

// counts are a provider's own numbers that are no part of one accounting until Format.Account has seen them.
type counts struct {
	total, billedSearches usage.Count
}

// ErrorType returns the provider's word for the failure, or "".
func (a *Answer) ErrorType() string {
	if a.ErrorCode != "" {
		return a.ErrorCode
	}
	return a.ErrorClass
}

// names returns the names that are known.
func (s *Said) names() (known Name) {
	if s.ID != "" {
		known |= NameID
	}
	if s.Model != "" {
		known |= NameModel
	}
	if s.SystemFingerprint != "" {
		known |= NameFingerprint
	}
	return known
}

// begin forgets what holds for one document only.
func (a *Answer) begin() {
	a.ending, a.fresh, a.searches, a.tool = false, true, 0, toolCall{}
}

// setName sets *to to a name: a model, an id. Anything that can't be one, because it is long or holds a space or a
// control character, is passed over. It allocates only where the name changes.
func setName(to *string, v jsonscan.Value) {
	if v.Kind == jsonscan.String && *to != string(v.Text) && isName(v.Text) {
		*to = string(v.Text)
	}
}

// IsName reports whether text can be a model or an id: not empty, at most 256 bytes, and no space or control character,
// which every sentence holds.
func IsName(text string) bool { return isName(text) }

func isName[T string | []byte](text T) bool {
	if len(text) == 0 || len(text) > maxName {
		return false
	}
	if isPrintable(text) {
		return true // Fast path.
	}
	for _, r := range string(text) {
		if r == utf8.RuneError || unicode.IsSpace(r) || unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// isPrintable reports whether text is of visible ASCII characters only.
func isPrintable[T string | []byte](text T) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}

// setWord is setName for the short words of an enum.
func setWord(to *string, v jsonscan.Value) {
	if v.Kind == jsonscan.String && *to != string(v.Text) && isWord(v.Text) {
		*to = string(v.Text)
	}
}

// IsWord reports whether text can be a word of an enum or an error's class: [A-Za-z0-9_.:/*-]{1,128}, which no sentence is.
func IsWord(text string) bool { return isWord(text) }

func isWord[T string | []byte](text T) bool {
	if len(text) == 0 || len(text) > maxWord {
		return false
	}
	for i := range len(text) {
		switch b := text[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		case b == '_' || b == '.' || b == ':' || b == '/' || b == '*' || b == '-':
		default:
			return false
		}
	}
	return true
}

// CountOf returns a token count, as 1000 or 1000.0; what is no whole number from 0 to usage.MaxCount is unknown.
func CountOf(v jsonscan.Value) usage.Count {
	whole, fraction, _ := bytes.Cut(v.Text, []byte{'.'})
	if v.Kind != jsonscan.Number || len(whole) == 0 || len(whole) > 10 || len(bytes.Trim(fraction, "0")) > 0 {
		return 0
	}
	var n int64
	for _, b := range whole {
		if b < '0' || b > '9' {
			return 0
		}
		n = n*10 + int64(b-'0')
	}
	if n > usage.MaxCount {
		return 0
	}
	return usage.Known(n)
}

// counter returns a field's reader that sets a count. Where the answer says the count again, the later one counts: such
// counts are running totals. A null changes nothing.
func counter(at func(*Answer) *usage.Count) func(*Answer, jsonscan.Value) {
	return func(a *Answer, v jsonscan.Value) {
		if c := CountOf(v); c.IsKnown() {
			*at(a) = c
		}
	}
}

// ReadContent is the reader of places that hold generated text, and of nothing else.
func ReadContent(a *Answer, _ jsonscan.Value) { a.Content = true }

// ReadID reads the answer's id.
func ReadID(a *Answer, v jsonscan.Value) { setName(&a.ID, v) }

// ReadModel reads the model that answered.
func ReadModel(a *Answer, v jsonscan.Value) { setName(&a.Model, v) }

// ReadTier reads the tier that served the call.
func ReadTier(a *Answer, v jsonscan.Value) { setWord(&a.ServiceTier, v) }

// End says that the document at hand is the stream's last.
func (a *Answer) End() { a.ending = true }

func readFingerprint(a *Answer, v jsonscan.Value) { setWord(&a.SystemFingerprint, v) }
func readErrorClass(a *Answer, v jsonscan.Value)  { setWord(&a.ErrorClass, v) }

// ReadErrorCode reads a code that may be a number too.
func ReadErrorCode(a *Answer, v jsonscan.Value) {
	if v.Kind == jsonscan.Number {
		if n, err := strconv.Atoi(string(v.Text)); err == nil {
			a.ErrorCode = strconv.Itoa(n)
		}
		return
	}
	setWord(&a.ErrorCode, v)
}

// ReadCost reads an amount of money, of which no digit goes through a float.
func ReadCost(a *Answer, v jsonscan.Value) {
	if v.Kind == jsonscan.Number && a.Cost != string(v.Text) {
		a.Cost = string(v.Text)
	}
}

// ReadUsage keeps the provider's usage object; a later one replaces an earlier one.
func ReadUsage(a *Answer, v jsonscan.Value) {
	if v.Kind == jsonscan.Object {
		a.ProviderUsage = append(a.ProviderUsage[:0], v.Text...)
	}
}

// AddReason adds the finish reason of one more choice.
func AddReason(a *Answer, v jsonscan.Value) {
	if v.Kind != jsonscan.String || len(v.Text) > 64 || !isWord(v.Text) || len(a.FinishReasons) == maxReasons {
		return
	}
	a.reasons++
	if a.FinishReasons == nil {
		a.FinishReasons = a.reason[:0]
	}
	a.FinishReasons = append(a.FinishReasons, string(v.Text))
}

// SetReasons takes the finish reasons of one document for those of the whole answer: for formats that repeat them in
// each event.
func SetReasons(a *Answer, v jsonscan.Value) {
	if a.fresh {
		if len(a.FinishReasons) == 1 && v.Kind == jsonscan.String && a.FinishReasons[0] == string(v.Text) {
			a.fresh = false
			return
		}
		a.FinishReasons = a.FinishReasons[:0]
		a.reasons++
	}
	a.fresh = false
	AddReason(a, v)
}
