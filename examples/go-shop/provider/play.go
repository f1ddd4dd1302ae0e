package provider

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"text/template"
	"time"
)

//go:embed recorded
var recorded embed.FS

// bodies are the recorded answers. Parsing them can only go wrong in a build that its tests refuse.
var bodies = template.Must(template.New("recorded").
	Funcs(template.FuncMap{"json": toJSON}).
	ParseFS(recorded, "recorded/*.tmpl"))

// play is one answer being played: what the templates under recorded fill in.
type play struct {
	Answer
	ID          string
	ItemID      string // of the message inside a response
	ReasoningID string // of the reasoning inside a response
	ToolID      string
	Created     int64 // Unix seconds
	Deltas      []string
	WithUsage   bool // a chat stream was asked for its usage
	Status      string
	Candidates  int64 // Google: visible output tokens so far
	Vectors     []string

	sequence int
}

// deltas is the number of pieces in which a stream brings its text.
const deltas = 6

func newPlay(a Answer, idPrefix string) *play {
	return &play{
		Answer:      a,
		ID:          idPrefix + rand.Text(),
		ItemID:      "msg_" + rand.Text(),
		ReasoningID: "rs_" + rand.Text(),
		ToolID:      "call_" + rand.Text(),
		Created:     time.Now().Unix(),
		Deltas:      pieces(a.Text, deltas),
	}
}

// body renders the recorded answer name.
func (p *play) body(name string) ([]byte, error) {
	var b bytes.Buffer
	if err := bodies.ExecuteTemplate(&b, name, p); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// As is p with the status that a Responses object shows at one point of its stream.
func (p *play) As(status string) *play {
	q := *p
	q.Status = status
	return &q
}

// Done reports whether the response has come to its end.
func (p *play) Done() bool { return p.Status == "completed" }

// Seq numbers the events of a stream from 0.
func (p *play) Seq() int {
	p.sequence++
	return p.sequence - 1
}

// Full is p with all of its output.
func (p *play) Full() *play {
	q := *p
	q.Candidates = p.Tokens.Visible()
	return &q
}

// UpTo is p with the output up to piece i: Google's counts are those until now, in every chunk.
func (p *play) UpTo(i int) *play {
	q := p.Full()
	q.Candidates = q.Candidates * int64(i+1) / int64(len(p.Deltas))
	return q
}

// Last reports whether piece i is the last one.
func (p *play) Last(i int) bool { return i == len(p.Deltas)-1 }

// GoogleTotal is totalTokenCount: prompt, candidates and thoughts.
func (p *play) GoogleTotal() int64 { return p.Tokens.Input + p.Candidates + p.Tokens.Reasoning }

// pieces cuts s into n parts between words, all but the last ending with a space.
func pieces(s string, n int) []string {
	words := strings.SplitAfter(s, " ")
	n = min(n, len(words))
	parts := make([]string, 0, n)
	for i := range n {
		parts = append(parts, strings.Join(words[i*len(words)/n:(i+1)*len(words)/n], ""))
	}
	return parts
}

// embed makes n vectors of the given length, as JSON in the given format; 0 is the length that the real model has.
func (p *play) embed(n, length int, format string) {
	if length == 0 {
		length = 1536
	}
	for i := range n {
		p.Vectors = append(p.Vectors, vector(i, length, format))
	}
}

// vector is the embedding number i of the given length, as JSON: an array, or a base64 string of little-endian floats.
func vector(i, length int, format string) string {
	values := make([]float32, length)
	for j := range values {
		values[j] = float32(math.Round(math.Sin(float64(i+1)*float64(j+1))*1e6)/1e6) / 32
	}
	if format != "base64" {
		return toJSON(values)
	}
	raw := make([]byte, 0, 4*length)
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return toJSON(base64.StdEncoding.EncodeToString(raw))
}

// toJSON encodes strings, numbers and arrays of them, which can't fail.
func toJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
