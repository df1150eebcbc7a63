package allocators

// Environment returns the environment lines that set knobs, having checked
// every value against its knob's range. Values are int64, float64, bool or
// string. An allocator may want a line even where no knob is set.
func (a Allocator) Environment(knobs map[string]any) ([]string, error) {
	set, err := a.settings(knobs)
	if err != nil {
		return nil, err
	}
	return a.environment(set), nil
}

// eachItsVariable is the environment of an allocator that has a variable for
// every setting; yes and no are how it writes truth values.
func eachItsVariable(yes, no string) func([]setting) []string {
	return func(set []setting) []string {
		var lines []string
		for _, s := range set {
			text := s.text
			switch s.value {
			case true:
				text = yes
			case false:
				text = no
			}
			lines = append(lines, s.knob.native+"="+text)
		}
		return lines
	}
}
