package format

import (
	"crypto/sha256"
	"encoding/hex"

	"alloclab/analysis/change"
	"alloclab/results"
)

// plainNames makes names harmless and keeps them apart: where two become one, a
// part of the hash of what it was follows each.
func plainNames(raw []string) map[string]string {
	plain, uses := map[string]string{}, map[string]int{}
	for _, name := range raw {
		if _, seen := plain[name]; !seen {
			plain[name] = results.Plain(name)
			uses[plain[name]]++
		}
	}
	for name, p := range plain {
		if uses[p] > 1 {
			sum := sha256.Sum256([]byte(name))
			plain[name] = p + "~" + hex.EncodeToString(sum[:3])
		}
	}
	return plain
}

func plainSummaries(all []change.Summary) []change.Summary {
	var cells, variants []string
	for _, s := range all {
		cells, variants = append(cells, s.Cell), append(variants, s.Variant)
	}
	cell, variant := plainNames(cells), plainNames(variants)
	plain := append([]change.Summary(nil), all...)
	for i, s := range all {
		plain[i].Cell, plain[i].Variant, plain[i].Machine = cell[s.Cell], variant[s.Variant], results.Plain(s.Machine)
	}
	return plain
}

func plainComparison(c change.Comparison) change.Comparison {
	var cells, variants []string
	for _, ch := range c.Changes {
		cells, variants = append(cells, ch.Cell), append(variants, ch.Variant)
	}
	cell, variant := plainNames(cells), plainNames(variants)
	plain := c
	plain.Base, plain.New, plain.Unstable = results.Plain(c.Base), results.Plain(c.New), results.Plain(c.Unstable)
	plain.Warnings = plainTexts(c.Warnings)
	plain.Differs = plainTexts(c.Differs)
	plain.Refused = append([]change.Refusal(nil), c.Refused...)
	for i, r := range c.Refused {
		plain.Refused[i].Cell, plain.Refused[i].Text = results.Plain(r.Cell), results.Plain(r.Text)
	}
	plain.Changes = append([]change.Change(nil), c.Changes...)
	for i, ch := range c.Changes {
		p := &plain.Changes[i]
		p.Cell, p.Variant, p.Warnings = cell[ch.Cell], variant[ch.Variant], plainTexts(ch.Warnings)
	}
	return plain
}

func plainTexts(texts []string) []string {
	var plain []string
	for _, t := range texts {
		plain = append(plain, results.Plain(t))
	}
	return plain
}
