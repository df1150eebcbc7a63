package allocators

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// ListTunables asks the dynamic linker what it makes of GLIBC_TUNABLES and the
// old MALLOC_ variables in env: glibc itself never tells. loader is the
// program's interpreter, such as /lib64/ld-linux-x86-64.so.2. It needs glibc
// 2.33. What it lists is parsed, not yet effective: a value that malloc itself
// refuses is listed all the same, so values are checked before they are set.
//
// https://www.gnu.org/software/libc/manual/html_node/Tunables.html
func ListTunables(ctx context.Context, loader string, env []string) (map[string]string, error) {
	cmd := exec.CommandContext(ctx, loader, "--list-tunables")
	cmd.Env = env
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean the lab's own environment
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s --list-tunables: %w: %s", loader, err, strings.TrimSpace(stderr.String()))
	}
	tunables, err := parseTunables(string(out))
	if err != nil {
		return nil, fmt.Errorf("%s --list-tunables: %w", loader, err)
	}
	return tunables, nil
}

// parseTunables reads lines such as
//
//	glibc.malloc.arena_max: 0x1 (min: 0x1, max: 0xffffffffffffffff)
//
// A tunable that is a text has neither range nor, where it is not set, value.
func parseTunables(text string) (map[string]string, error) {
	tunables := map[string]string{}
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || !strings.HasPrefix(name, "glibc.") {
			return nil, fmt.Errorf("%q is not the line of a tunable", strings.TrimSpace(line))
		}
		value, _, _ := strings.Cut(rest, "(")
		tunables[name] = strings.TrimSpace(value)
	}
	if len(tunables) == 0 {
		return nil, errors.New("it lists nothing")
	}
	return tunables, nil
}
