package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// format is how a listing is printed: the value of --format.
type format string

const (
	formatTable format = "table"
	formatJSON  format = "json"
	formatCSV   format = "csv"
)

var formats = []string{string(formatTable), string(formatJSON), string(formatCSV)}

var _ pflag.Value = (*format)(nil)

// String implements pflag.Value.
func (f *format) String() string { return string(*f) }

// Type implements pflag.Value; it is what the help shows.
func (f *format) Type() string { return strings.Join(formats, "|") }

// Set implements pflag.Value.
func (f *format) Set(value string) error {
	if !slices.Contains(formats, value) {
		return fmt.Errorf("must be one of %s", strings.Join(formats, ", "))
	}
	*f = format(value)
	return nil
}

// addFormatFlag gives a command the flag --format, and returns where its value will be.
func addFormatFlag(cmd *cobra.Command) *format {
	f := formatTable
	cmd.Flags().Var(&f, "format", "how to print")
	return &f
}

// listing is what a command found. A cell is a string, an integer, a []string or nil for unknown; money is a string.
type listing struct {
	columns []column
	rows    [][]any
}

// column says how a value is named and shown.
type column struct {
	name  string // in JSON and CSV
	title string // in the table
	right bool   // numbers are aligned at the right
}

// write prints the listing whole or not at all.
func (l listing) write(w io.Writer, as format) error {
	var out bytes.Buffer
	var err error
	switch as {
	case formatJSON:
		err = l.json(&out)
	case formatCSV:
		err = l.csv(&out)
	default:
		l.table(&out)
	}
	if err != nil {
		return fmt.Errorf("print the listing: %w", err)
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("print the listing: %w", err)
	}
	return nil
}

// json writes an array of objects whose fields are in the columns' order.
func (l listing) json(out *bytes.Buffer) error {
	out.WriteString("[")
	for i, row := range l.rows {
		separator := ",\n"
		if i == 0 {
			separator = "\n"
		}
		out.WriteString(separator + "  {")
		for j, cell := range row {
			if j > 0 {
				out.WriteString(", ")
			}
			value, err := json.Marshal(cell)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%q: %s", l.columns[j].name, value)
		}
		out.WriteString("}")
	}
	if len(l.rows) > 0 {
		out.WriteString("\n")
	}
	out.WriteString("]\n")
	return nil
}

// csv writes a line of names, then the rows; unknown is empty.
func (l listing) csv(out *bytes.Buffer) error {
	w := csv.NewWriter(out)
	record := make([]string, len(l.columns))
	for i, c := range l.columns {
		record[i] = c.name
	}
	if err := w.Write(record); err != nil {
		return err
	}
	for _, row := range l.rows {
		for i, cell := range row {
			record[i] = cellText(cell, "")
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// table writes columns as wide as their widest cell, which a terminal shows aligned.
func (l listing) table(out *bytes.Buffer) {
	lines := make([][]string, 0, len(l.rows)+1)
	titles := make([]string, len(l.columns))
	for i, c := range l.columns {
		titles[i] = c.title
	}
	lines = append(lines, titles)
	for _, row := range l.rows {
		line := make([]string, len(row))
		for i, cell := range row {
			line[i] = oneLine(cellText(cell, "-"))
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(l.columns))
	for _, line := range lines {
		for i, text := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for _, line := range lines {
		var padded strings.Builder
		for i, text := range line {
			fill := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if l.columns[i].right {
				padded.WriteString(fill + text + "  ")
			} else {
				padded.WriteString(text + fill + "  ")
			}
		}
		out.WriteString(strings.TrimRight(padded.String(), " ") + "\n")
	}
}

func cellText(cell any, unknown string) string {
	switch v := cell.(type) {
	case nil:
		return unknown
	case []string:
		return strings.Join(v, " > ")
	}
	return fmt.Sprint(cell)
}

// oneLine keeps what comes from outside from steering the terminal or breaking the table.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, text)
}
