package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// section is one of several listings that a command prints together.
type section struct {
	name  string // in JSON and CSV
	title string // in the table
	listing
}

// writeSections prints sections whole or not at all. JSON is an object with an array for each. CSV is one table, with the
// section's name in the first column and every section's columns after it: a value that a section has not is empty.
func writeSections(w io.Writer, sections []section, as format) error {
	var out bytes.Buffer
	var err error
	switch as {
	case formatCSV:
		err = sideBySide(sections).csv(&out)
	case formatJSON:
		err = sectionsJSON(&out, sections)
	default:
		for i, s := range sections {
			if i > 0 {
				out.WriteString("\n")
			}
			out.WriteString(s.title + "\n")
			s.table(&out)
		}
	}
	if err == nil {
		_, err = out.WriteTo(w)
	}
	if err != nil {
		return fmt.Errorf("print the listing: %w", err)
	}
	return nil
}

func sectionsJSON(out *bytes.Buffer, sections []section) error {
	out.WriteString("{")
	for i, s := range sections {
		if i > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(out, "\n%q: ", s.name)
		if err := s.json(out); err != nil {
			return err
		}
		out.Truncate(out.Len() - len("\n"))
	}
	out.WriteString("\n}\n")
	return nil
}

// sideBySide makes one listing of all sections: columns of one name are one column.
func sideBySide(sections []section) listing {
	all := listing{columns: []column{{name: "section"}}}
	at := func(name string) int {
		return slices.IndexFunc(all.columns, func(c column) bool { return c.name == name })
	}
	for _, s := range sections {
		for _, c := range s.columns {
			if at(c.name) < 0 {
				all.columns = append(all.columns, c)
			}
		}
	}
	for _, s := range sections {
		for _, row := range s.rows {
			wide := make([]any, len(all.columns))
			wide[0] = s.name
			for i, cell := range row {
				wide[at(s.columns[i].name)] = cell
			}
			all.rows = append(all.rows, wide)
		}
	}
	return all
}
