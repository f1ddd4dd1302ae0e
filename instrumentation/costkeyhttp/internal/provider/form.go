package provider

import (
	"bytes"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/jsonscan"
)

// modelPart is what stands in front of the model in a form (multipart/form-data, RFC 7578), as the usual encoders write it.
const modelPart = "; name=\"model\"\r\n\r\n"

// formReader finds the model in a form as it passes. Sounds and pictures in it are searched, never kept.
type formReader struct {
	tail   [len(modelPart) - 1]byte // the last bytes, in which the part may have begun
	ntail  int
	value  [maxName + 1]byte
	nvalue int
	found  bool // the value passes
	done   bool
}

// write reads on; it reports whether the model is whole.
func (f *formReader) write(p []byte) bool {
	if f.done {
		return false
	}
	if !f.found {
		p = f.search(p)
	}
	if !f.found {
		return false
	}
	end := bytes.IndexByte(p, '\r')
	f.done = end >= 0
	if f.done {
		p = p[:end]
	}
	f.nvalue += copy(f.value[f.nvalue:], p)
	return f.done
}

// search returns what follows the part's head in p, nil where it isn't there.
func (f *formReader) search(p []byte) []byte {
	var seam [2*len(modelPart) - 2]byte // the end of what has passed and the start of p
	n := copy(seam[:], f.tail[:f.ntail])
	m := n + copy(seam[n:], p[:min(len(p), len(modelPart)-1)])
	if at := bytes.Index(seam[:m], []byte(modelPart)); at >= 0 {
		f.found = true
		return p[at+len(modelPart)-n:]
	}
	if at := bytes.Index(p, []byte(modelPart)); at >= 0 {
		f.found = true
		return p[at+len(modelPart):]
	}
	if len(p) >= len(f.tail) {
		f.ntail = copy(f.tail[:], p[len(p)-len(f.tail):])
		return nil
	}
	keep := seam[max(0, m-len(f.tail)):m]
	f.ntail = copy(f.tail[:], keep)
	return nil
}

// model is the form's model as a value.
func (f *formReader) model() jsonscan.Value {
	return jsonscan.Value{Kind: jsonscan.String, Text: f.value[:f.nvalue]}
}
