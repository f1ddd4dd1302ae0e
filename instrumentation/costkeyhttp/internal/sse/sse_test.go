package sse

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// collector puts the data of each event together.
type collector struct {
	data   []byte
	events []string
}

func (c *collector) Data(p []byte) { c.data = append(c.data, p...) }

func (c *collector) EndEvent() {
	if len(c.data) > 0 {
		c.events = append(c.events, string(c.data))
	}
	c.data = c.data[:0]
}

func split(stream string, sizes ...int) []string {
	var c collector
	var s Splitter
	for _, n := range sizes {
		n = min(n, len(stream))
		s.Write([]byte(stream[:n]), &c)
		stream = stream[n:]
	}
	s.Write([]byte(stream), &c)
	s.Flush(&c)
	return c.events
}

func TestEventsAreSplitHoweverTheirLinesEnd(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, stream string
		want         []string
	}{
		{"LF", "data: a\n\ndata: b\n\n", []string{"a", "b"}},
		{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}},
		{"CR", "data: a\r\rdata: b\r\r", []string{"a", "b"}},
		{"no space behind the colon", "data:a\n\n", []string{"a"}},
		{"only one space is taken off", "data:  a\n\n", []string{" a"}},
		{"several data fields of one event", "data: a\ndata\ndata: b\n\n", []string{"a\n\nb"}},
		{"other fields and comments", ": hi\nevent: x\nid: 1\ndatax: no\ndat: no\nretry: 5\ndata: a\n\n", []string{"a"}},
		{"a byte order mark", "\xef\xbb\xbfdata: a\n\n", []string{"a"}},
		{"events without data", "\n\nevent: ping\n\ndata: a\n\n", []string{"a"}},
		{"no blank line at the end", "data: a\n\ndata: b", []string{"a", "b"}},
		{"a rune in pieces", "data: 3 €\n\n", []string{"3 €"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := split(tc.stream); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got := split(tc.stream, slices.Repeat([]int{1}, len(tc.stream))...); !slices.Equal(got, tc.want) {
				t.Errorf("byte by byte: got %q, want %q", got, tc.want)
			}
		})
	}
}

// oracle splits a stream with LF line ends the plain way, by lines.
func oracle(stream string) []string {
	var events, data []string
	end := func() {
		if joined := strings.Join(data, "\n"); joined != "" {
			events = append(events, joined)
		}
		data = nil
	}
	lines := bufio.NewScanner(strings.NewReader(stream))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "":
			end()
		case name == field:
			data = append(data, strings.TrimPrefix(value, " "))
		}
	}
	end()
	return events
}

func FuzzSplitter(f *testing.F) {
	f.Add("data: a\n\ndata: b\r\n\r\ndata\n\n: c\nevent: d\ndata:e\ndata: f\n\n", uint64(1))
	f.Add("\xef\xbb\xbfdata: a\r\rdata: b", uint64(2))
	f.Fuzz(func(t *testing.T, stream string, seed uint64) {
		whole := split(stream)
		if got := split(stream, slices.Repeat([]int{1}, len(stream))...); !slices.Equal(got, whole) {
			t.Fatalf("byte by byte %q, whole %q", got, whole)
		}
		r := rand.New(rand.NewPCG(seed, 1))
		sizes := make([]int, len(stream))
		for i := range sizes {
			sizes[i] = r.IntN(9)
		}
		if got := split(stream, sizes...); !slices.Equal(got, whole) {
			t.Fatalf("in pieces %q, whole %q", got, whole)
		}
		if !strings.Contains(stream, "\r") && !strings.HasPrefix(stream, "\xef") {
			if want := oracle(stream); !slices.Equal(whole, want) {
				t.Fatalf("got %q, want %q", whole, want)
			}
		}
	})
}

func BenchmarkSplitter(b *testing.B) {
	stream := bytes.Repeat([]byte("data: "+strings.Repeat("x", 343)+"\n\n"), 1000)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	var n counter
	for b.Loop() {
		var s Splitter
		n = 0
		s.Write(stream, &n)
		if n != 1000 {
			b.Fatal("events lost")
		}
	}
}

type counter int

func (c *counter) Data([]byte) {}
func (c *counter) EndEvent()   { *c++ }
