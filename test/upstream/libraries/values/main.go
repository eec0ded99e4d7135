// Says what upstream makes of the small texts that fields hold.
package main

import (
	"encoding/json"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"keelson/lines"
)

type question struct{ Kind, Text string }

type answer struct {
	Value string `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

func told(value string, err error) answer {
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: value}
}

func labelSelector(text string) answer {
	parsed, err := labels.Parse(text)
	if err != nil {
		return told("", err)
	}
	return told(parsed.String(), nil)
}

func fieldSelector(text string) answer {
	parsed, err := fields.ParseSelector(text)
	if err != nil {
		return told("", err)
	}
	return told(parsed.String(), nil)
}

// selectorObject reads the JSON of a LabelSelector.
func selectorObject(text string) answer {
	var read metav1.LabelSelector
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		return told("", err)
	}
	selector, err := metav1.LabelSelectorAsSelector(&read)
	if err != nil {
		return told("", err)
	}
	return told(selector.String(), nil)
}

var kinds = map[string]func(string) answer{
	"label selector":  labelSelector,
	"field selector":  fieldSelector,
	"selector object": selectorObject,
	"quantity":        quantity,
	"amounts":         amounts,
	"scaled":          scaled,
	"duration":        goDuration,
	"age":             age,
	"address":         address,
	"range":           addressRange,
	"quoted":          func(text string) answer { return told(strconv.Quote(text), nil) },
}

func main() {
	for name, check := range checks {
		kinds[name] = func(text string) answer { return told(strings.Join(check(text), "; "), nil) }
	}
	lines.Serve(func(line []byte) any {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return told("", err)
		}
		return kinds[asked.Kind](asked.Text)
	})
}
