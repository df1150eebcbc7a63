package configs

import "strings"

// nearest is the name most like the given one, or "" where none is alike: at
// most a third of the letters may differ, and never all. Case and the choice of
// - or _ count for nothing.
func nearest(given string, names []string) string {
	fold := strings.NewReplacer("-", "_")
	best, least := "", 0
	for _, name := range names {
		limit := max(1, max(len(given), len(name))/3)
		if max(len(given)-len(name), len(name)-len(given)) > limit {
			continue // the difference in length alone is too much
		}
		d := distance(fold.Replace(strings.ToLower(given)), fold.Replace(strings.ToLower(name)))
		if d <= limit && d < max(len(given), len(name)) && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour (optimal string alignment).
func distance(a, b string) int {
	var before []int // the row before row
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// Hint says what an unknown name may have meant: "did you mean junit?", or which
// names there are.
func Hint(given string, names []string) string { return hint(given, names) }

// hint names the nearest right name, or all of them where they are few.
func hint(given string, names []string) string {
	if name := nearest(given, names); name != "" {
		return "did you mean " + name + "?"
	}
	if len(names) == 0 {
		return "there is none to name"
	}
	if len(names) > 20 {
		names = append(names[:20:20], "…")
	}
	return "known: " + strings.Join(names, ", ")
}
