package pricing

// kind is one kind of thing that providers bill: tokens of a sort, characters, or a unit such as a search. Its name is
// the rate's name in the catalogue and in Line.What.
type kind uint8

// Token kinds come first, since they are quoted per million; units follow from firstUnit on.
const (
	kindInput kind = iota
	kindCachedInput
	kindCachedInputAudio
	kindCachedInputImage
	kindCacheWrite
	kindCacheWrite1h
	kindInputAudio
	kindInputImage
	kindInputVideo
	kindOutput
	kindReasoningOutput
	kindOutputAudio
	kindOutputImage
	kindOutputVideo
	kindCitation
	kindInputCharacter
	kindRequest
	kindRequestLow
	kindRequestMedium
	kindRequestHigh
	kindWebSearch
	kindWebSearchLow
	kindWebSearchMedium
	kindWebSearchHigh
	kindFileSearch
	kindSearchUnit
	kindImage
	kindPage
	kindCodeSession
	kindAnnotatedPage // this kind and those below are in price lists, but no usage counts them
	kindTextMessage
	kindAudioSecond
	kindInputAudioSecond
	kindAudioHour
	kindInputAudioHour
	numKinds

	firstUnit = kindRequest
	noParent  = numKinds
)

// kindInfo is what is known of a kind: its name, and the kind whose rate it costs where a row has none of its own.
type kindInfo struct {
	name   string
	parent kind
}

var kinds = [numKinds]kindInfo{
	kindInput:            {"input", noParent},
	kindCachedInput:      {"cached_input", kindInput},
	kindCachedInputAudio: {"cached_input_audio", kindCachedInput},
	kindCachedInputImage: {"cached_input_image", kindCachedInput},
	kindCacheWrite:       {"cache_write", kindInput},
	kindCacheWrite1h:     {"cache_write_1h", kindCacheWrite},
	kindInputAudio:       {"input_audio", kindInput},
	kindInputImage:       {"input_image", kindInput},
	kindInputVideo:       {"input_video", kindInput},
	kindOutput:           {"output", noParent},
	kindReasoningOutput:  {"reasoning_output", kindOutput},
	kindOutputAudio:      {"output_audio", kindOutput},
	kindOutputImage:      {"output_image", kindOutput},
	kindOutputVideo:      {"output_video", kindOutput},
	kindCitation:         {"citation", kindOutput},
	kindInputCharacter:   {"input_character", noParent},
	kindRequest:          {"request", noParent},
	kindRequestLow:       {"request_low", noParent},
	kindRequestMedium:    {"request_medium", noParent},
	kindRequestHigh:      {"request_high", noParent},
	kindWebSearch:        {"web_search", noParent},
	kindWebSearchLow:     {"web_search_low", noParent},
	kindWebSearchMedium:  {"web_search_medium", noParent},
	kindWebSearchHigh:    {"web_search_high", noParent},
	kindFileSearch:       {"file_search", noParent},
	kindSearchUnit:       {"search_unit", noParent},
	kindImage:            {"image", noParent},
	kindPage:             {"page", noParent},
	kindCodeSession:      {"code_interpreter_session", noParent},
	kindAnnotatedPage:    {"annotated_page", noParent},
	kindTextMessage:      {"text_message", noParent},
	kindAudioSecond:      {"audio_second", noParent},
	kindInputAudioSecond: {"input_audio_second", noParent},
	kindAudioHour:        {"audio_hour", noParent},
	kindInputAudioHour:   {"input_audio_hour", noParent},
}

// kindByName finds a kind by the name of its rate.
var kindByName = func() map[string]kind {
	m := make(map[string]kind, numKinds)
	for k, info := range kinds {
		m[info.name] = kind(k)
	}
	return m
}()

// RateKind says what the rates of a name are for.
type RateKind struct {
	Name string
	// Parent names the kind whose rate this one costs where a row has none for it; "" is none.
	Parent string
	// Per is how many units rates are quoted for: 1,000,000 tokens or characters, else 1.
	Per uint64
}

// RateKindOf returns the kind of a rate's name, as in the catalogue ("cached_input"); false is an unknown name.
func RateKindOf(name string) (RateKind, bool) {
	k, ok := kindByName[name]
	if !ok {
		return RateKind{}, false
	}
	info := RateKind{Name: name, Per: k.quantity()}
	if p := kinds[k].parent; p != noParent {
		info.Parent = kinds[p].name
	}
	return info, true
}

// noRateReasons holds each kind's Reason for a call that can't be priced for want of its rate, made once since Price
// may not allocate.
var noRateReasons = func() (r [numKinds]string) {
	for k, info := range kinds {
		r[k] = "no_rate:" + info.name
	}
	return r
}()

// unknownReasons is the same for a call that can't be priced since the count that is billed is not known.
var unknownReasons = func() (r [numKinds]string) {
	for k, info := range kinds {
		r[k] = "unknown:" + info.name
	}
	return r
}()

func (k kind) perUnit() bool { return k >= firstUnit }

// quantity returns how many units the catalogue quotes the kind's rates for.
func (k kind) quantity() uint64 {
	if k.perUnit() {
		return 1
	}
	return million
}
