package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// One text for a value, the same as the comparison makes of ours.
func written(value ref.Val) string {
	switch v := value.(type) {
	case types.Null:
		return "null"
	case types.Bool:
		return strconv.FormatBool(bool(v))
	case types.Int:
		return strconv.FormatInt(int64(v), 10)
	case types.Uint:
		return strconv.FormatUint(uint64(v), 10) + "u"
	case types.Double:
		return strconv.FormatFloat(float64(v), 'e', -1, 64)
	case types.String:
		return quoted(string(v))
	case types.Bytes:
		return "b" + hex.EncodeToString(v)
	case types.Duration:
		return fmt.Sprintf("%dns", v.Duration.Nanoseconds())
	case types.Timestamp:
		return v.Time.Format("2006-01-02T15:04:05.999999999Z07:00")
	case *types.Optional:
		if !v.HasValue() {
			return "none"
		}
		return "optional " + written(v.GetValue())
	case *types.Type:
		return v.TypeName()
	case traits.Mapper:
		return writtenMap(v)
	case traits.Lister:
		return writtenList(v)
	default:
		return value.Type().TypeName()
	}
}

func quoted(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	must(encoder.Encode(text))
	return strings.TrimSpace(out.String())
}

func writtenList(list traits.Lister) string {
	var parts []string
	for it := list.Iterator(); it.HasNext() == types.True; {
		parts = append(parts, written(it.Next()))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func writtenMap(of traits.Mapper) string {
	var parts []string
	for it := of.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		parts = append(parts, written(key)+": "+written(of.Get(key)))
	}
	sort.Strings(parts)
	return "{" + strings.Join(parts, ", ") + "}"
}
