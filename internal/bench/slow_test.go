package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

// statement is one that the server found slow.
type statement struct {
	ms   float64
	text string
}

func (s statement) String() string {
	if s.text == "" {
		return "no statement took " + slowFrom + " ms"
	}
	return fmt.Sprintf("%.0f ms: %s", s.ms, s.text)
}

// logMark is a place in the server's log.
type logMark struct {
	path   string
	offset int64
}

// mark returns the end of the log.
func (s *server) mark(tb testing.TB) logMark {
	tb.Helper()
	info, err := os.Stat(s.log)
	require.NoError(tb, err)
	return logMark{path: s.log, offset: info.Size()}
}

// slowest returns the slowest statement that a store sent to the database since the mark. Those of the harness and of
// baselines don't count.
func (m logMark) slowest(tb testing.TB, database string) statement {
	tb.Helper()
	file, err := os.Open(m.path)
	require.NoError(tb, err)
	defer file.Close()
	_, err = file.Seek(m.offset, io.SeekStart)
	require.NoError(tb, err)
	found, err := slowestOf(file, database)
	require.NoError(tb, err)
	return found
}

// durationLine is a line of the log, with the prefix that startServer asks for, and the statement's first line.
var durationLine = regexp.MustCompile(`^([^|]*)\|([^|]*)\|LOG:  duration: ([0-9.]+) ms  (.*)`)

// maxStatement is how much of a statement's text is told.
const maxStatement = 300

func slowestOf(log io.Reader, database string) (statement, error) {
	var slowest statement
	reading := false // the lines that follow belong to slowest
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "\t"); ok {
			if reading && len(slowest.text) < maxStatement {
				slowest.text += " " + strings.TrimSpace(rest)
			}
			continue
		}
		m := durationLine.FindStringSubmatch(line)
		if reading = m != nil && m[1] == database && m[2] != harness && m[2] != storagetest.BaselineApplication; !reading {
			continue
		}
		ms, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return statement{}, fmt.Errorf("read the duration of a statement: %w", err)
		}
		if reading = ms > slowest.ms; reading {
			slowest = statement{ms: ms, text: m[4]}
		}
	}
	if len(slowest.text) > maxStatement {
		slowest.text = slowest.text[:maxStatement] + " …"
	}
	return slowest, lines.Err()
}

func TestTheSlowestStatementIsAStoresOwnInItsDatabase(t *testing.T) {
	t.Parallel()
	const log = "case_a|costkey|LOG:  duration: 12.500 ms  execute <unnamed>: SELECT 1\n" +
		"case_b|costkey|LOG:  duration: 900.000 ms  statement: of another database\n" +
		"case_a|costkey|LOG:  duration: 80.250 ms  execute <unnamed>: -- name: slow\n\tSELECT 2\n\tFROM t\n" +
		"case_a|costkey-baseline|LOG:  duration: 700.000 ms  statement: COPY plain.call_20261124\n\tof a baseline\n" +
		"case_a|costkey-bench|LOG:  duration: 700.000 ms  statement: of the harness\n" +
		"case_a|costkey|LOG:  duration: 11.000 ms  statement: COPY costkey.call_20261124\n" +
		"||LOG:  checkpoint starting\n"
	found, err := slowestOf(strings.NewReader(log), "case_a")
	require.NoError(t, err)
	assert.Equal(t, statement{ms: 80.25, text: "execute <unnamed>: -- name: slow SELECT 2 FROM t"}, found)
	found, err = slowestOf(strings.NewReader(log), "case_c")
	require.NoError(t, err)
	assert.Equal(t, "no statement took 10 ms", found.String())
}
