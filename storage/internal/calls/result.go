package calls

// Reason says why a call was not stored.
type Reason string

const (
	ReasonBadTime    Reason = "bad_time"    // neither start nor end is a time near now
	ReasonExpired    Reason = "expired"     // older than the project's retention
	ReasonBadID      Reason = "bad_id"      // a zero trace or span id
	ReasonBadProject Reason = "bad_project" // not a slug

	ReasonBadValue Reason = "bad_value" // PostgreSQL refused a value of the row
	ReasonClocks   Reason = "clocks"    // the clocks of the collector and of the database disagree whether its time is sane
	ReasonFailing  Reason = "failing"   // its write failed again and again while those of other rows succeeded
)

// WriteResult says what became of the calls of one batch. Written + Duplicate + Joined + all of SetAside and DeadLettered
// is their number.
type WriteResult struct {
	Written      int            // new rows
	Duplicate    int            // stored before, or twice in the batch
	Joined       int            // another span of a call that is stored: its row was kept or replaced, none was added
	Repaired     int            // of Written: a value was not storable as it came (NUL byte, invalid UTF-8, a wrong time)
	Overflowed   int            // of Written: the project has too many dimensions, and "(other)" stands for some
	Redirected   map[string]int // of all: filed under the project default, by the project too many that they name
	SetAside     map[Reason]int // dropped
	DeadLettered map[Reason]int // kept in costkey.dead_letter, from where they can be replayed
	ByStatus     map[string]int // Written by cost status
}

// SetsAside counts n calls that are dropped.
func (r *WriteResult) SetsAside(reason Reason, n int) { count(&r.SetAside, reason, n) }

// Redirects counts n calls of a project too many.
func (r *WriteResult) Redirects(project string, n int) { count(&r.Redirected, project, n) }

// DeadLetters counts n calls that are kept as dead letters.
func (r *WriteResult) DeadLetters(reason Reason, n int) { count(&r.DeadLettered, reason, n) }

// Add adds o to r.
func (r *WriteResult) Add(o *WriteResult) {
	r.Written += o.Written
	r.Duplicate += o.Duplicate
	r.Joined += o.Joined
	r.Repaired += o.Repaired
	r.Overflowed += o.Overflowed
	for project, n := range o.Redirected {
		r.Redirects(project, n)
	}
	for reason, n := range o.SetAside {
		r.SetsAside(reason, n)
	}
	for reason, n := range o.DeadLettered {
		r.DeadLetters(reason, n)
	}
	for status, n := range o.ByStatus {
		count(&r.ByStatus, status, n)
	}
}

// CountWritten counts rows that were put in (sign 1), or taken out since another span of their call stands for them
// (sign −1).
func (r *WriteResult) CountWritten(rows []Row, sign int) {
	r.Written += sign * len(rows)
	for i := range rows {
		count(&r.ByStatus, rows[i].CostStatus, sign)
		if sign > 0 && rows[i].Repaired {
			r.Repaired++
		}
		if sign > 0 && rows[i].Overflowed {
			r.Overflowed++
		}
	}
}

func count[K comparable](m *map[K]int, key K, n int) {
	if n == 0 {
		return
	}
	if *m == nil {
		*m = make(map[K]int)
	}
	(*m)[key] += n
}
