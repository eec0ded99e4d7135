// Says what upstream makes of patches: strategic ones, merge patches of three objects, and JSON patches.
package main

import (
	"encoding/json"
	"reflect"
	"slices"

	jsonpatch "github.com/evanphx/json-patch"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
	"keelson/lines"
)

// An item holds all that a strategic merge treats in its own way. The schema in compare.ts says the same of it.
type item struct {
	Name      string            `json:"name"`
	Value     string            `json:"value"`
	Number    int               `json:"number"`
	Plain     []item            `json:"plain"`
	Merging   []item            `json:"merging" patchStrategy:"merge" patchMergeKey:"name"`
	Numbered  []item            `json:"numbered" patchStrategy:"merge" patchMergeKey:"number"`
	Retaining []item            `json:"retaining" patchStrategy:"merge,retainKeys" patchMergeKey:"name"`
	Words     []string          `json:"words" patchStrategy:"merge"`
	Numbers   []int             `json:"numbers" patchStrategy:"merge"`
	Fixed     []string          `json:"fixed"`
	Labels    map[string]string `json:"labels"`
	Inner     *item             `json:"inner"`
	Replaced  *item             `json:"replaced" patchStrategy:"replace"`
	Retained  *item             `json:"retained" patchStrategy:"retainKeys"`
}

type question struct {
	Ask                       string
	Group, Version, Kind      string
	Original, Modified, Patch json.RawMessage
	Current                   json.RawMessage
	Overwrite                 bool
}

type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
	Code  int             `json:"code,omitempty"`
	// Upstream walks maps in any order: an answer that depends on it is none.
	Varies bool `json:"varies,omitempty"`
	Panics bool `json:"panics,omitempty"`
}

func typeOf(asked question) any {
	if asked.Kind == "" {
		return &item{}
	}
	object, err := scheme.Scheme.New(schema.GroupVersionKind{Group: asked.Group, Version: asked.Version, Kind: asked.Kind})
	if err != nil {
		panic(err)
	}
	return object
}

var asks = map[string]func(question) ([]byte, error){
	"apply": func(asked question) ([]byte, error) {
		return strategicpatch.StrategicMergePatch(asked.Original, asked.Patch, typeOf(asked))
	},
	"two": func(asked question) ([]byte, error) {
		return strategicpatch.CreateTwoWayMergePatch(asked.Original, asked.Modified, typeOf(asked))
	},
	"three": func(asked question) ([]byte, error) {
		meta, err := strategicpatch.NewPatchMetaFromStruct(typeOf(asked))
		if err != nil {
			return nil, err
		}
		return strategicpatch.CreateThreeWayMergePatch(asked.Original, asked.Modified, asked.Current, meta, asked.Overwrite)
	},
	"threeMerge": func(asked question) ([]byte, error) {
		return jsonmergepatch.CreateThreeWayJSONMergePatch(asked.Original, asked.Modified, asked.Current)
	},
	"merge": func(asked question) ([]byte, error) {
		return jsonpatch.MergePatch(asked.Original, asked.Patch)
	},
	"twoMerge": func(asked question) ([]byte, error) {
		return jsonpatch.CreateMergePatch(asked.Original, asked.Modified)
	},
	"json": func(asked question) ([]byte, error) {
		patch, err := jsonpatch.DecodePatch(asked.Patch)
		if err != nil {
			return nil, err
		}
		return patch.Apply(asked.Original)
	},
}

// codeOf says how the API server answers an error of a strategic merge.
func codeOf(err error) int {
	switch {
	case slices.Contains([]error{mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList,
		mergepatch.ErrBadPatchFormatForRetainKeys, mergepatch.ErrBadPatchFormatForSetElementOrderList}, err):
		return 400
	case err == mergepatch.ErrNoListOfLists:
		return 422
	default:
		return 500
	}
}

func ask(asked question) (told answer) {
	defer func() {
		if recover() != nil {
			told = answer{Panics: true}
		}
	}()
	value, err := asks[asked.Ask](asked)
	switch {
	case mergepatch.IsConflict(err):
		return answer{Error: "conflict"}
	case err != nil && asked.Ask == "apply":
		return answer{Error: err.Error(), Code: codeOf(err)}
	case err != nil:
		return answer{Error: err.Error()}
	}
	return answer{Value: value}
}

func main() {
	lines.Serve(func(line []byte) any {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return answer{Error: err.Error()}
		}
		first := ask(asked)
		for range 7 {
			if !reflect.DeepEqual(first, ask(asked)) {
				return answer{Varies: true}
			}
		}
		return first
	})
}
