package configs

import (
	"math"
	"testing"
)

func TestConvert(t *testing.T) {
	size := Option{Kind: KindBytes, Min: 0, Max: math.MaxInt64}
	time := Option{Kind: KindDuration, Min: 0, Max: 1e9}
	count := Option{Kind: KindCount, Min: 1, Max: 4096}
	ratio := Option{Kind: KindFraction, Min: 0, Max: 1}
	free := Option{Kind: KindFraction}
	for _, c := range []struct {
		option Option
		in     any
		want   any // nil: an error
	}{
		{count, int64(1), int64(1)}, {count, int64(4096), int64(4096)}, {count, int64(0), nil}, {count, int64(4097), nil},
		{count, int64(math.MinInt64), nil}, {count, 2.0, nil}, {count, "2", nil}, {count, true, nil}, {count, nil, nil},
		{size, int64(4096), int64(4096)}, {size, "512MiB", int64(512 << 20)}, {size, "4KiB", int64(4096)}, {size, "1GiB", int64(1 << 30)},
		{size, "1KB", int64(1000)}, {size, "2MB", int64(2e6)}, {size, "3GB", int64(3e9)}, {size, "1TB", int64(1e12)}, {size, "1TiB", int64(1 << 40)},
		{size, "7B", int64(7)}, {size, "1.5KiB", int64(1536)}, {size, "8 MiB", int64(8 << 20)}, {size, "0B", int64(0)},
		{size, "8388607TiB", int64(8388607 << 40)}, {size, "8388608TiB", nil}, {size, "9223372036854775807B", int64(math.MaxInt64)},
		{size, "9223372036854775808B", nil}, {size, "1099511627776GiB", nil}, {size, "17179869184GiB", nil}, {size, "-1KiB", nil},
		{size, "999999999999999999999999999999TiB", nil}, {size, "0.3B", nil}, {size, "1.0005KB", nil}, {size, "512", nil}, {size, "MiB", nil},
		{size, "1e3KB", nil}, {size, "0x10KB", nil}, {size, "512mib", nil}, {size, "512M", nil}, {size, "", nil}, {size, "1 2KB", nil},
		{size, "１KB", nil}, {size, "1KB\n", nil}, {size, 4096.0, nil}, {size, "NaNKB", nil}, {size, "infGiB", nil}, {size, "1  KB", nil},
		{time, "30s", 30.0}, {time, "500ms", 0.5}, {time, "300ms", 0.3}, {time, "1h", 3600.0}, {time, "7d", 604800.0}, {time, "1.5m", 90.0},
		{time, "100us", 1e-4}, {time, "1ns", 1e-9}, {time, "0s", 0.0}, {time, int64(30), nil}, {time, 0.5, nil}, {time, "30", nil},
		{time, "1h30m", nil}, {time, "-1s", nil}, {time, "999999999999999999999999999999d", nil}, {time, "1S", nil}, {time, "s", nil},
		{ratio, int64(1), 1.0}, {ratio, 0.25, 0.25}, {ratio, 1.01, nil}, {ratio, math.NaN(), nil}, {ratio, math.Inf(1), nil}, {ratio, "0.5", nil},
		{free, 1e300, 1e300}, {free, math.Inf(-1), nil}, {free, math.NaN(), nil},
		{Option{Kind: KindBool}, true, true}, {Option{Kind: KindBool}, int64(1), nil}, {Option{Kind: KindBool}, "true", nil},
		{Option{Kind: KindChoice, Choices: []string{"a", "b"}}, "b", "b"}, {Option{Kind: KindChoice, Choices: []string{"a", "b"}}, "c", nil},
		{Option{Kind: KindChoice, Choices: []string{"1"}}, int64(1), nil},
		{Option{Kind: kindText}, "µ x", "µ x"}, {Option{Kind: kindText}, " ", nil}, {Option{Kind: kindText}, "a\x1b[31m", nil},
		{Option{Kind: kindText}, "a\u202eb", nil}, {Option{Kind: kindText}, int64(1), nil}, {Option{Kind: kindText}, string(make([]byte, 2000)), nil},
		{Option{Kind: "colour"}, "red", nil},
	} {
		got, err := c.option.convert(c.in)
		if c.want == nil {
			if err == nil {
				t.Errorf("%s %#v: got %#v, want an error", c.option.Kind, c.in, got)
			} else if err.Text != printable(err.Text) {
				t.Errorf("%s %#v: not printable: %q", c.option.Kind, c.in, err.Text)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s %#v: got %#v, %v; want %#v", c.option.Kind, c.in, got, err, c.want)
		}
	}
}

// Each bound itself is allowed, the next value beyond it is not.
func TestBounds(t *testing.T) {
	for _, o := range []Option{
		{Kind: KindCount, Min: 1, Max: 4096}, {Kind: KindCount, Min: -1, Max: 0}, {Kind: KindBytes, Min: 4096, Max: 1 << 40},
		{Kind: KindBytes, Min: 1 << 20, Max: 1 << 52},
	} {
		for v, ok := range map[int64]bool{
			int64(o.Min): true, int64(o.Max): true, int64(o.Min) - 1: false, int64(o.Max) + 1: false,
			math.MaxInt64: false, math.MinInt64: false,
		} {
			if _, err := o.convert(v); (err == nil) != ok {
				t.Errorf("%s %v..%v: %d: %v", o.Kind, o.Min, o.Max, v, err)
			}
		}
	}
}

func TestInitial(t *testing.T) {
	for _, c := range []struct {
		option Option
		want   any
	}{
		{Option{Kind: KindCount, Default: 2.0, Max: 9}, int64(2)}, {Option{Kind: KindCount, Default: 2, Max: 9}, int64(2)},
		{Option{Kind: KindBytes, Default: 4096.0, Max: 1e9}, int64(4096)}, {Option{Kind: KindBytes, Default: "4KiB", Max: 1e9}, int64(4096)},
		{Option{Kind: KindDuration, Default: 2.5, Max: 9}, 2.5}, {Option{Kind: KindDuration, Default: 2, Max: 9}, 2.0},
		{Option{Kind: KindDuration, Default: "2s", Max: 9}, 2.0}, {Option{Kind: KindFraction, Default: 1, Max: 9}, 1.0},
		{Option{Kind: KindBool, Default: true}, true}, {Option{Kind: KindCount, Default: 2.5, Max: 9}, nil},
		{Option{Kind: KindCount, Default: 10.0, Max: 9}, nil}, {Option{Kind: KindDuration, Default: 10.0, Max: 9}, nil},
		{Option{Kind: KindCount, Default: math.NaN()}, nil}, {Option{Kind: KindCount, Default: math.Inf(1), Max: 9}, nil},
	} {
		got, err := c.option.initial()
		if (err != nil) != (c.want == nil) || err == nil && got != c.want {
			t.Errorf("%s %#v: got %#v, %v; want %#v", c.option.Kind, c.option.Default, got, err, c.want)
		}
	}
}
