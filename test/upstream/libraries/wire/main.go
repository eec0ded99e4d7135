// Says what upstream reads from the JSON, YAML and protobuf of objects, and how it writes them.
package main

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"keelson/lines"
)

type question struct {
	// Recode, Event, Random, Yaml or Kinds.
	Do   string
	From string
	// Of the body. What is written is JSON unless To says otherwise.
	APIVersion, Kind string
	Body             []byte
	To               string
	Strict           bool
	Seed             int64
}

type answer struct {
	Value string `json:"value,omitempty"`
	// Protobuf is written in base64.
	Bytes []byte `json:"bytes,omitempty"`
	// What strict reading complains of.
	Faults []string `json:"faults,omitempty"`
	Error  string   `json:"error,omitempty"`
}

func failed(err error) answer { return answer{Error: err.Error()} }

func (q question) kind() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(q.APIVersion, q.Kind)
}

func recode(asked question) answer {
	kind := asked.kind()
	read, found, err := decoder(asked.From, asked.Strict).Decode(asked.Body, &kind, nil)
	var made answer
	if faults, isStrict := runtime.AsStrictDecodingError(err); isStrict {
		for _, fault := range faults.Errors() {
			made.Faults = append(made.Faults, fault.Error())
		}
	} else if err != nil {
		return answer{Error: described(found, asked.Kind, err)}
	}
	return written(made, asked.To, read)
}

// recodeEvent reads what a protobuf event of a watch tells of.
func recodeEvent(asked question) answer {
	var event metav1.WatchEvent
	if err := event.Unmarshal(asked.Body); err != nil {
		return failed(err)
	}
	asked.Body = event.Object.Raw
	return recode(asked)
}

// described says of an error what a server says of it, without the beginning of the body.
func described(found *schema.GroupVersionKind, expected string, err error) string {
	if found == nil || found.Kind == "" {
		return fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v", expected, err)
	}
	return fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", found.Kind, found.Version, expected, err)
}

func written(made answer, to string, object runtime.Object) answer {
	bytes, err := runtime.Encode(encoder(to), object)
	if err != nil {
		return failed(err)
	}
	if to == "protobuf" {
		made.Bytes = bytes
	} else {
		made.Value = string(bytes)
	}
	return made
}

func main() {
	lines.Serve(func(line []byte) any {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return failed(err)
		}
		switch asked.Do {
		case "Kinds":
			return knownKinds()
		case "Event":
			return recodeEvent(asked)
		case "Random":
			return randomObject(asked)
		case "Yaml":
			return yamlOf(asked)
		default:
			return recode(asked)
		}
	})
}
