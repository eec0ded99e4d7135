// Says what upstream's server makes of updates and applies: the object, whose its fields are then, and the conflicts.
package main

import (
	"encoding/json"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"keelson/lines"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// A write of an object that is there; none is one that has no uid. Ask is apply, update, or typed: how Go would write an object.
type question struct {
	Ask, Manager, Subresource string
	Group, Version, Kind      string
	Live, Object              json.RawMessage
	Force                     bool
	// Fields that the write puts back to what they were.
	Reset [][]string
}

type answer struct {
	Object any                  `json:"object,omitempty"`
	Error  string               `json:"error,omitempty"`
	Causes []metav1.StatusCause `json:"causes,omitempty"`
}

func refusal(err error) answer {
	told := answer{Error: err.Error()}
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil {
		told.Causes = status.Status().Details.Causes
	}
	return told
}

type defaulter struct{}

func (defaulter) Default(runtime.Object) {}

func (asked question) kind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: asked.Group, Version: asked.Version, Kind: asked.Kind}
}

func (asked question) manager() (*managedfields.FieldManager, error) {
	gvk := asked.kind()
	reset := fieldpath.NewSet()
	for _, path := range asked.Reset {
		elements := fieldpath.Path{}
		for _, name := range path {
			elements = append(elements, fieldpath.PathElement{FieldName: &name})
		}
		reset.Insert(elements)
	}
	filters := fieldpath.NewExcludeFilterSetMap(map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(gvk.GroupVersion().String()): reset})
	types := applyconfigurations.NewTypeConverter(scheme.Scheme)
	return managedfields.NewDefaultFieldManager(types, scheme.Scheme, defaulter{}, scheme.Scheme, gvk, gvk.GroupVersion(), asked.Subresource, filters)
}

func (asked question) typed(raw []byte) (runtime.Object, error) {
	object, err := scheme.Scheme.New(asked.kind())
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, object); err != nil {
		return nil, err
	}
	object.GetObjectKind().SetGroupVersionKind(asked.kind())
	return object, nil
}

func (asked question) written() (runtime.Object, error) {
	fields, err := asked.manager()
	if err != nil {
		return nil, err
	}
	live, err := asked.typed(asked.Live)
	if err != nil {
		return nil, err
	}
	if asked.Ask == "apply" {
		config := &unstructured.Unstructured{}
		if err := json.Unmarshal(asked.Object, &config.Object); err != nil {
			return nil, err
		}
		return fields.Apply(live, config, asked.Manager, asked.Force)
	}
	object, err := asked.typed(asked.Object)
	if err != nil {
		return nil, err
	}
	accessor, err := meta.Accessor(object)
	if err != nil {
		return nil, err
	}
	accessor.SetManagedFields(nil)
	return fields.Update(live, object, asked.Manager)
}

func main() {
	lines.Serve(func(line []byte) any {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return refusal(err)
		}
		if asked.Ask == "typed" {
			object, err := asked.typed(asked.Object)
			if err != nil {
				return refusal(err)
			}
			return answer{Object: object}
		}
		object, err := asked.written()
		if err != nil {
			return refusal(err)
		}
		return answer{Object: object}
	})
}
