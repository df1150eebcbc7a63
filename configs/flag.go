package configs

import "errors"

// Bytes reads a size as an experiment writes it: "8GiB".
func Bytes(text string) (int64, error) {
	n, err := flagged(Option{Kind: KindBytes, Min: 1, Max: 1 << 50}.convert(text))
	return int64(n), err
}

// Duration reads a time as an experiment writes it, in seconds: "90s", "7d".
func Duration(text string) (float64, error) {
	return flagged(Option{Kind: KindDuration}.convert(text))
}

func flagged(v any, fault *Error) (float64, error) {
	if fault != nil {
		if fault.Hint != "" {
			return 0, errors.New(fault.Text + ": " + fault.Hint)
		}
		return 0, errors.New(fault.Text)
	}
	if n, ok := v.(int64); ok {
		return float64(n), nil
	}
	return v.(float64), nil
}
