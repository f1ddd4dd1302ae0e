package protocol

import "strings"

// prompt reads the next value as a body, or passes over it where bodies are not wanted.
func (r *reader) prompt(dst *string) {
	if r.body(dst) == nil {
		r.skip()
	}
}

// body reads the next value into dst and returns it; it reads nothing where bodies are not wanted.
func (r *reader) body(dst *string) []byte {
	if !r.bodies || r.kind() == 'n' {
		return nil
	}
	raw := r.value()
	if r.err != nil || r.cursor.deep {
		return raw
	}
	kept := raw[:min(len(raw), MaxBody)]
	*dst = strings.ReplaceAll(strings.ToValidUTF8(string(kept), ""), "\x00", "")
	return raw
}
