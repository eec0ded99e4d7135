package main

import (
	"math/rand"
	"slices"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/randfill"
	"sigs.k8s.io/yaml"
)

var (
	objects = withExtensions()
	codecs  = serializer.NewCodecFactory(objects)
)

func withExtensions() *runtime.Scheme {
	if err := apiextensions.AddToScheme(scheme.Scheme); err != nil {
		panic(err)
	}
	if err := metav1.AddMetaToScheme(scheme.Scheme); err != nil {
		panic(err)
	}
	return scheme.Scheme
}

func mediaType(form string) runtime.SerializerInfo {
	for _, info := range codecs.SupportedMediaTypes() {
		if info.MediaTypeSubType == form || info.MediaTypeSubType == "vnd.kubernetes."+form {
			return info
		}
	}
	panic("no form " + form)
}

func decoder(form string, strict bool) runtime.Decoder {
	info := mediaType(form)
	if strict {
		return info.StrictSerializer
	}
	return info.Serializer
}

func encoder(form string) runtime.Encoder {
	if form == "" {
		form = "json"
	}
	return mediaType(form).Serializer
}

type kindName struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

func knownKinds() []kindName {
	found := []kindName{}
	for kind := range objects.AllKnownTypes() {
		if kind.Version != runtime.APIVersionInternal {
			version, name := kind.ToAPIVersionAndKind()
			found = append(found, kindName{version, name})
		}
	}
	slices.SortFunc(found, func(a, b kindName) int {
		return slices.Compare([]string{a.APIVersion, a.Kind}, []string{b.APIVersion, b.Kind})
	})
	return found
}

// randomObject fills an object of a kind with whatever its types hold; whole numbers are such as JSON's readers keep.
func randomObject(asked question) answer {
	object, err := objects.New(asked.kind())
	if err != nil {
		return failed(err)
	}
	filler := fuzzer.FuzzerFor(metafuzzer.Funcs, rand.NewSource(asked.Seed), codecs)
	filler.Funcs(
		func(number *int64, c randfill.Continue) { *number = c.Int63() >> 11 },
		func(json *apiextensions.JSON, c randfill.Continue) { json.Raw = []byte(`{"a":[1,"b",null]}`) },
		fillSchema,
	)
	filler.Fill(object)
	object.GetObjectKind().SetGroupVersionKind(asked.kind())
	return written(answer{}, asked.To, object)
}

// fillSchema fills some of a schema, and seldom a schema within: nothing else bounds how many there are.
func fillSchema(schema *apiextensions.JSONSchemaProps, c randfill.Continue) {
	for _, member := range []any{
		&schema.ID, &schema.Schema, &schema.Ref, &schema.Description, &schema.Type, &schema.Format, &schema.Title, &schema.Default,
		&schema.Maximum, &schema.ExclusiveMaximum, &schema.MaxLength, &schema.Pattern, &schema.UniqueItems, &schema.MultipleOf, &schema.Enum,
		&schema.Required, &schema.Nullable, &schema.XPreserveUnknownFields, &schema.XEmbeddedResource, &schema.XIntOrString,
		&schema.XListMapKeys, &schema.XListType, &schema.XMapType, &schema.XValidations, &schema.ExternalDocs, &schema.Example,
	} {
		c.Fill(member)
	}
	if c.Intn(4) == 0 {
		for _, member := range []any{&schema.Items, &schema.Properties, &schema.AdditionalProperties, &schema.Not, &schema.AllOf, &schema.Dependencies} {
			c.Fill(member)
		}
	}
}

// yamlOf turns YAML into JSON, or JSON into YAML.
func yamlOf(asked question) answer {
	turn := yaml.YAMLToJSON
	if asked.To == "yaml" {
		turn = yaml.JSONToYAML
	} else if asked.Strict {
		turn = yaml.YAMLToJSONStrict
	}
	made, err := turn(asked.Body)
	if err != nil {
		return failed(err)
	}
	return answer{Value: string(made)}
}
