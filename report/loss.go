package report

import (
	"fmt"
	"strings"

	"alloclab/results"
)

// losses names the trials that enter no figure, or is "".
func losses(all []*results.Trial) string {
	if text := salvaged(all); text != "" {
		return text
	}
	const starved = "starved"
	least, most := 100.0, 0.0 // per cent of the CPU time that starved trials got
	kinds := map[string]int{}
	var order []string
	for _, t := range all {
		kind := string(t.Status)
		switch {
		case t.Counts():
			continue
		case t.Status == results.StatusOK:
			got := 100 * t.CPU.Obtained / t.CPU.Wanted
			least, most = min(least, got), max(most, got)
			kind = starved
		case t.Exit.Signal != "":
			kind += " " + t.Exit.Signal
		case t.Status == results.StatusExit:
			kind += fmt.Sprintf(" %d", t.Exit.Code)
		}
		kind = results.Plain(strings.ReplaceAll(kind, "_", " "))
		if kinds[kind] == 0 {
			order = append(order, kind)
		}
		kinds[kind]++
	}
	if len(order) == 0 {
		return ""
	}
	lost := 0
	for _, n := range kinds {
		lost += n
	}
	words := make([]string, len(order))
	for i, kind := range order {
		words[i] = fmt.Sprintf("%d %s", kinds[kind], kind)
		if lost == kinds[kind] {
			words[i] = kind
		}
		if kind == starved {
			share := fmt.Sprintf("%.0f", least)
			if most := fmt.Sprintf("%.0f", most); most != share {
				share += " to " + most
			}
			words[i] += fmt.Sprintf(", with %s %% of the CPU time wanted", share)
		}
	}
	return fmt.Sprintf("%d of %d trials left out: %s", lost, len(all), strings.Join(words, "; "))
}

// salvaged says that all good trials of a variant were starved, so that memory
// is all that is shown of them.
func salvaged(all []*results.Trial) string {
	n, least, most := 0, 100.0, 0.0
	for _, t := range all {
		if t.Salvaged == nil {
			continue
		}
		got := 100 * t.Salvaged.Obtained / t.Salvaged.Wanted
		n, least, most = n+1, min(least, got), max(most, got)
	}
	if n == 0 {
		return ""
	}
	share := fmt.Sprintf("%.0f", least)
	if most := fmt.Sprintf("%.0f", most); most != share {
		share += " to " + most
	}
	text := fmt.Sprintf("%d of %d trials starved, with %s %% of the CPU time wanted: memory is shown, speed is not", n, len(all), share)
	if failed := len(all) - n; failed > 0 {
		text += fmt.Sprintf("; %d failed", failed)
	}
	return text
}
