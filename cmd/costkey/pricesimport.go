package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/pricing/pricelist"
)

const pricesImportHelp = `Turn a price list of another tool into a file of your own prices, the exporter's prices_file.

Two forms are read, and told apart by their content: LiteLLM's price map (model_prices_and_context_window.json) and the data
of genai-prices (data.json). Figures are taken over to the last digit. Models that the catalogue prices the same are left out,
unless --all keeps them. What the list says and own prices can't is said on stderr, model by model, and how many there are
at the end.

A model in your file takes the place of the catalogue's, with its history and its tiers; a price of LiteLLM's holds at all
times. Look at what was imported before you use it: what a list gets wrong, your costs get wrong.`

// pricesImport is one import, as the user put it.
type pricesImport struct {
	out, from           string
	providers, models   []string
	all, free, force    bool
	prices              priceFlags
	now                 time.Time
	same, left, written int
}

func newPricesImportCommand(db *database) *cobra.Command {
	var i pricesImport
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Turn a LiteLLM or genai-prices list into a file of your own prices",
		Long:  pricesImportHelp,
		Example: "  costkey prices import model_prices_and_context_window.json --provider groq --out prices.yaml\n" +
			"  costkey prices import data.json --model 'gpt-5*' --all",
		Args: cobra.ExactArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVar(&i.out, "out", "", "the file to write (default: standard output)")
	flags.StringVar(&i.from, "from", "", "litellm or genai-prices, where the content does not tell")
	flags.StringSliceVar(&i.providers, "provider", nil, "only these providers, such as openai or bedrock")
	flags.StringSliceVar(&i.models, "model", nil, "only these models, by id or by the list's name; a * at the end takes every beginning")
	flags.BoolVar(&i.all, "all", false, "keep models that the catalogue prices the same")
	flags.BoolVar(&i.free, "free", false, "take models of a LiteLLM map all of whose rates are 0")
	flags.BoolVar(&i.force, "force", false, "write over an existing file")
	flags.StringVar(&i.prices.catalogue, "catalogue", "", "the catalogue to compare with, as in prices lookup")
	i.prices.db = db
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		i.now = time.Now()
		return i.run(args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// check tells what of the flags makes no sense.
func (i *pricesImport) check() error {
	if i.from != "" && i.from != string(pricelist.LiteLLM) && i.from != string(pricelist.GenAIPrices) {
		return misuse{fmt.Errorf("--from must be %s or %s, found %q", pricelist.LiteLLM, pricelist.GenAIPrices, i.from)}
	}
	if i.out == "" || i.force {
		return nil
	}
	if _, err := os.Lstat(i.out); err == nil {
		return misuse{fmt.Errorf("%s is there already: --force writes over it", i.out)}
	}
	return nil
}

func (i *pricesImport) run(file string, stdout, stderr io.Writer) error {
	if err := i.check(); err != nil {
		return err
	}
	data, err := readPriceFile(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	models, err := pricelist.Read(data, pricelist.Format(i.from), pricelist.Options{Free: i.free})
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	base, err := i.prices.base()
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(models, func(m pricelist.Model) bool { return !i.wants(base.Table(), &m) })
	if len(chosen) == 0 {
		return errors.New("the list has no such model")
	}
	var report bytes.Buffer
	kept := i.choose(chosen, base.Table(), &report)
	content, err := pricelist.YAML(kept, "Own prices, imported with 'costkey prices import'.")
	if err != nil {
		return err
	}
	if i.out == "" {
		_, err = stdout.Write(content)
	} else {
		err = replaceFile(i.out, content)
	}
	if err != nil {
		return fmt.Errorf("write own prices: %w", err)
	}
	fmt.Fprintf(&report, "%d models imported; %d cost what the catalogue says, and are left out; %d could not be imported.\n", i.written, i.same, i.left)
	_, err = report.WriteTo(stderr)
	return err
}

// wants reports whether the flags choose a model.
func (i *pricesImport) wants(t *pricing.Table, m *pricelist.Model) bool {
	provider := len(i.providers) == 0 || slices.ContainsFunc(i.providers, func(word string) bool {
		return t.ProviderID(word) == m.Provider
	})
	model := len(i.models) == 0 || slices.ContainsFunc(i.models, func(want string) bool {
		return namesModel(want, m.ID) || namesModel(want, m.Name)
	})
	return provider && model
}

func namesModel(want, id string) bool {
	if beginning, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(strings.ToLower(id), strings.ToLower(beginning))
	}
	return strings.EqualFold(want, id)
}

// choose keeps the models to write, and tells of each what is lost on the way.
func (i *pricesImport) choose(models []pricelist.Model, t *pricing.Table, report io.Writer) []pricelist.Model {
	var kept []pricelist.Model
	foreign := map[string]bool{}
	for j := range models {
		m := &models[j]
		if err := m.Check(); err != nil || !m.HasPrice() {
			i.left++
			if err != nil {
				m.Notes = append(m.Notes, err.Error())
			}
			tellOf(report, m, "not imported", m.Notes)
			continue
		}
		differences := m.Differences(t, i.now)
		if len(differences) == 0 && !i.all {
			i.same++
			if unknown := m.UnknownIDs(t, i.now); len(unknown) > 0 {
				tellOf(report, m, "left out", []string{"the catalogue has this price, but not under " + strings.Join(unknown, ", ")})
			}
			continue
		}
		i.written++
		if m.Foreign && !foreign[m.Provider] {
			foreign[m.Provider] = true
			m.Notes = append(m.Notes, fmt.Sprintf("provider %q is not in the catalogue: spans must name it so", m.Provider))
		}
		tellOf(report, m, "imported", append(m.Notes, i.replaced(m, t, differences)...))
		kept = append(kept, *m)
	}
	return kept
}

// replaced says what of the catalogue a model takes the place of.
func (i *pricesImport) replaced(m *pricelist.Model, t *pricing.Table, differences []string) []string {
	lost := m.Loses(t, i.now)
	if lost == "" {
		return nil
	}
	notes := []string{"takes the place of the catalogue's price, with its " + lost}
	for _, d := range differences {
		notes = append(notes, "differs: "+d)
	}
	return notes
}

// tellOf prints notes on a model, one a line.
func tellOf(report io.Writer, m *pricelist.Model, outcome string, notes []string) {
	for _, note := range notes {
		fmt.Fprintln(report, oneLine(fmt.Sprintf("%s %s (%s): %s", m.Provider, m.Name, outcome, note)))
	}
}
