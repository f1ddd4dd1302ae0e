package schema

import (
	"slices"
	"strings"
)

// Merge returns base with the models of over on top. A model of over takes the place of a base model of its id, and the
// aliases of that one too; an id or alias that it claims is nobody else's any more. Providers that base lacks are added.
// Neither argument is changed.
func Merge(base, over *Catalogue) *Catalogue {
	merged := *base
	merged.Providers = slices.Clone(base.Providers)
	for i := range over.Providers {
		p := &over.Providers[i]
		at := slices.IndexFunc(merged.Providers, func(b Provider) bool { return b.ID == p.ID })
		if at < 0 {
			merged.Providers = append(merged.Providers, *p)
			continue
		}
		merged.Providers[at].Models = mergeModels(merged.Providers[at].Models, p.Models)
	}
	return &merged
}

func mergeModels(base, over []Model) []Model {
	over = slices.Clone(over)
	owner := make(map[string]int, len(over)) // of every id that over claims, in lower case
	for i := range over {
		for _, id := range append([]string{over[i].ID}, over[i].Aliases...) {
			owner[strings.ToLower(id)] = i
		}
	}
	kept := make([]Model, 0, len(base)+len(over))
	for _, m := range base {
		free := make([]string, 0, len(m.Aliases))
		for _, alias := range m.Aliases {
			if _, claimed := owner[strings.ToLower(alias)]; !claimed {
				free = append(free, alias)
			}
		}
		if i, replaced := owner[strings.ToLower(m.ID)]; replaced {
			over[i].Aliases = append(slices.Clip(over[i].Aliases), free...)
			continue
		}
		m.Aliases = free
		kept = append(kept, m)
	}
	return append(kept, over...)
}
