package report

import (
	"strings"

	"github.com/rivo/uniseg"
)

// layout sets a table in columns. The first column and columns of words are
// set left, figures right; a " !" behind a figure hangs outside its column, so
// that the digits stay under each other.
func layout(table [][]string) string { return layoutBy(table, words) }

// layoutFigures sets a table whose first and last columns hold words.
func layoutFigures(table [][]string) string {
	return layoutBy(table, func(column int) bool { return column == 0 || column == len(table[0])-1 })
}

func layoutBy(table [][]string, words func(column int) bool) string {
	widths, gaps := make([]int, len(table[0])), make([]int, len(table[0]))
	for _, line := range table {
		for i, text := range line {
			figure, marked := strings.CutSuffix(text, " !")
			widths[i] = max(widths[i], uniseg.StringWidth(figure))
			gaps[i] = max(gaps[i], 2)
			if marked {
				gaps[i] = 3
			}
			if !words(i) && i+1 < len(line) && words(i+1) {
				gaps[i] = 3 // between the figures and the words
			}
		}
	}
	var out strings.Builder
	for _, line := range table {
		var set strings.Builder
		for i, text := range line {
			figure, marked := strings.CutSuffix(text, " !")
			gap := strings.Repeat(" ", gaps[i])
			if marked {
				gap = " !" + gap[2:]
			}
			pad := strings.Repeat(" ", widths[i]-uniseg.StringWidth(figure))
			if words(i) {
				figure, pad = pad, figure
			}
			set.WriteString(pad + figure + gap)
		}
		out.WriteString(strings.TrimRight(set.String(), " ") + "\n")
	}
	return out.String()
}

// words says which columns hold words; a rate with its spread is set left, so
// that the first digits are under each other.
func words(column int) bool { return column == 0 || column >= 6 }

// alignPairs sets a table whose first two columns are words and whose others are
// pairs of a figure, set right, and of what stands beside it, set left.
func alignPairs(table [][]string) string {
	return align(table, func(column int) bool { return column < 2 || column%2 == 1 }, func(column int) int { return 1 + column%2 })
}

// align sets columns of words left and the others right; gap is the space behind a column.
func align(table [][]string, words func(column int) bool, gap func(column int) int) string {
	widths := make([]int, len(table[0]))
	for _, line := range table {
		for i, text := range line {
			widths[i] = max(widths[i], uniseg.StringWidth(text))
		}
	}
	var out strings.Builder
	for _, line := range table {
		var set strings.Builder
		for i, text := range line {
			pad := strings.Repeat(" ", widths[i]-uniseg.StringWidth(text))
			if !words(i) {
				text, pad = pad+text, ""
			}
			set.WriteString(text + pad + strings.Repeat(" ", gap(i)))
		}
		out.WriteString(strings.TrimRight(set.String(), " ") + "\n")
	}
	return out.String()
}

// shorten cuts text to a width in columns of the terminal.
func shorten(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	var short strings.Builder
	used := 0
	for g := uniseg.NewGraphemes(text); g.Next(); {
		if used+g.Width() > width-1 {
			break
		}
		used += g.Width()
		short.WriteString(g.Str())
	}
	return short.String() + "…"
}
