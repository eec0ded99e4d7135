// Says what upstream publishes of a custom resource in its OpenAPI documents.
package main

import (
	"encoding/json"

	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	"keelson/lines"
)

type question struct {
	Definition v1.CustomResourceDefinition
	V2         bool
}

func published(asked question) (any, error) {
	version := asked.Definition.Spec.Versions[0].Name
	options := builder.Options{V2: asked.V2, IncludeSelectableFields: true}
	if asked.V2 {
		document, err := builder.BuildOpenAPIV2(&asked.Definition, version, options)
		if err != nil {
			return nil, err
		}
		return map[string]any{"schemas": document.Definitions}, nil
	}
	document, err := builder.BuildOpenAPIV3(&asked.Definition, version, options)
	if err != nil {
		return nil, err
	}
	return map[string]any{"schemas": document.Components.Schemas, "paths": document.Paths}, nil
}

func main() {
	lines.Serve(func(line []byte) any {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return err.Error()
		}
		answer, err := published(asked)
		if err != nil {
			return err.Error()
		}
		return answer
	})
}
