// Package write writes batches of calls, each call once, with their hourly sums.
//
//	prepare ─→ check what may be stored ─→ COPY, one transaction ─→ resolve pending traces ─→ done
//	               └─ stored already, or another span of its answer: join, one transaction ─┘
//
// prepare cleans and interns. The common batch holds nothing that is stored: it goes in by one COPY a day, and the
// partitions' unique indexes tell where that was wrong. Only rows that are stored, or whose answer's hash another row
// holds, are judged before they are written; who looked is remembered for a while for the project. What no index tells,
// a call that names no answer, leaves a pending trace, and every writer looks at the pending traces of its batch after its
// commit: of two at once the later sees both.
//
// A batch that fails again and again in one way is narrowed down to the rows that can't be written, whatever the error;
// they become dead letters, and all else is written.
package write
