// Says what upstream makes of the small texts that fields hold.
package main

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/api/resource"
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

func quantity(text string) answer {
	parsed, err := resource.ParseQuantity(text)
	return told(parsed.String(), err)
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

func main() {
	kinds := map[string]func(string) answer{"quantity": quantity, "label selector": labelSelector, "field selector": fieldSelector}
	lines.Serve(func(line []byte) any {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return told("", err)
		}
		return kinds[asked.Kind](asked.Text)
	})
}
