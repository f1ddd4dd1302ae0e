package pricing

import "github.com/costkey/costkey-otel/usage"

// parts is a usage taken apart into disjoint kinds, each to be priced by its own rate. Request fees are added by the
// row that has them.
type parts struct {
	n           [numKinds]int64
	some        uint64 // bit k where n[k] is not 0, so that pricing visits only these
	input       int64  // all input tokens, what selects the context tier
	inputKnown  bool
	outputKnown bool
	unitsKnown  bool // a count that some models are billed by instead of tokens: characters, images, pages, search units
}

func (p *parts) set(k kind, n int64) {
	p.n[k] = n
	if n != 0 {
		p.some |= 1 << k
	} else {
		p.some &^= 1 << k
	}
}

// known reports whether there is anything to price.
func (p *parts) known() bool { return p.inputKnown || p.outputKnown || p.unitsKnown }

// count returns c, taking what is too large to be true for unknown.
func count(c usage.Count) (n int64, known bool) {
	n = c.Value()
	if n > usage.MaxCount {
		return 0, false
	}
	return n, c.IsKnown()
}

// countOr0 is count for what may be missing.
func countOr0(c usage.Count) int64 {
	n, _ := count(c)
	return n
}

// takeApart splits a usage. Whatever the counts, no part is negative, and the parts of a known total add up to it: a
// part larger than what is left of its total is cut to that.
func (p *parts) takeApart(u *usage.Usage) {
	p.splitInput(u)
	p.splitOutput(u)
	if u.WebSearches|u.FileSearches|u.CodeSessions|u.InputCharacters|u.Images|u.Pages|u.SearchUnits == 0 {
		return // Fast path - a call that is billed by tokens alone
	}
	p.set(kindWebSearch, countOr0(u.WebSearches))
	p.set(kindFileSearch, countOr0(u.FileSearches))
	p.set(kindCodeSession, countOr0(u.CodeSessions))
	p.unit(kindInputCharacter, u.InputCharacters)
	p.unit(kindImage, u.Images)
	p.unit(kindPage, u.Pages)
	p.unit(kindSearchUnit, u.SearchUnits)
}

func (p *parts) unit(k kind, c usage.Count) {
	n, known := count(c)
	p.set(k, n)
	p.unitsKnown = p.unitsKnown || known
}

// splitInput splits the input: what was read from a cache, what was written to one, and the rest, each by modality.
func (p *parts) splitInput(u *usage.Usage) {
	total, known := count(u.Input)
	read, write := countOr0(u.CacheRead), countOr0(u.CacheWrite)
	write1h := countOr0(u.CacheWrite1h)
	write = max(write, write1h)
	audio, image, video := countOr0(u.AudioInput), countOr0(u.ImageInput), countOr0(u.VideoInput)
	if !known { // only parts are known: they are priced, since a known part is
		cachedAudio := min(countOr0(u.CachedAudioInput), audio, read)
		cachedImage := min(countOr0(u.CachedImageInput), image, read-cachedAudio)
		total = read + write + audio - cachedAudio + image - cachedImage + video
	}
	p.input, p.inputKnown = total, known || total > 0
	if read|write|audio|image|video == 0 { // Fast path - a call without parts
		p.set(kindInput, total)
		return
	}
	read = min(read, total)
	write = min(write, total-read)
	write1h = min(write1h, write)
	p.set(kindCacheWrite, write-write1h)
	p.set(kindCacheWrite1h, write1h)
	p.splitByModality(u, modalities{audio: audio, image: image, video: video}, read, total-read-write)
}

type modalities struct {
	audio, image, video int64
}

// splitByModality splits the tokens read from a cache and the fresh ones. Modalities count cached and fresh tokens
// together; where it is not said how many of them were cached, the fewest possible were.
func (p *parts) splitByModality(u *usage.Usage, m modalities, read, fresh int64) {
	cachedAudio := min(countOr0(u.CachedAudioInput), m.audio, read)
	cachedImage := min(countOr0(u.CachedImageInput), m.image, read-cachedAudio)
	audio, image := m.audio-cachedAudio, m.image-cachedImage
	if over := audio + image + m.video - fresh; over > 0 {
		if !u.CachedAudioInput.IsKnown() {
			moved := min(over, audio, read-cachedAudio-cachedImage)
			cachedAudio, audio, over = cachedAudio+moved, audio-moved, over-moved
		}
		if !u.CachedImageInput.IsKnown() {
			moved := min(over, image, read-cachedAudio-cachedImage)
			cachedImage, image = cachedImage+moved, image-moved
		}
	}
	p.set(kindCachedInputAudio, cachedAudio)
	p.set(kindCachedInputImage, cachedImage)
	p.set(kindCachedInput, read-cachedAudio-cachedImage)
	audio = min(audio, fresh)
	image = min(image, fresh-audio)
	video := min(m.video, fresh-audio-image)
	p.set(kindInputAudio, audio)
	p.set(kindInputImage, image)
	p.set(kindInputVideo, video)
	p.set(kindInput, fresh-audio-image-video)
}

// splitOutput splits the output; its parts never overlap.
func (p *parts) splitOutput(u *usage.Usage) {
	total, known := count(u.Output)
	sum := int64(0)
	if u.AudioOutput|u.ImageOutput|u.VideoOutput|u.Citation == 0 { // Fast path - reasoning is the only part
		sum = countOr0(u.Reasoning)
		if known {
			sum = min(sum, total)
			p.set(kindOutput, total-sum)
		}
		p.set(kindReasoningOutput, sum)
		p.outputKnown = known || sum > 0
		return
	}
	for _, part := range [...]struct {
		kind  kind
		count usage.Count
	}{
		{kindReasoningOutput, u.Reasoning},
		{kindOutputAudio, u.AudioOutput},
		{kindOutputImage, u.ImageOutput},
		{kindOutputVideo, u.VideoOutput},
		{kindCitation, u.Citation},
	} {
		n := countOr0(part.count)
		if known {
			n = min(n, total-sum)
		}
		p.set(part.kind, n)
		sum += n
	}
	if known {
		p.set(kindOutput, total-sum)
	}
	p.outputKnown = known || sum > 0
}
