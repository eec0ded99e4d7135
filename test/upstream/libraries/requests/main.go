// Says what upstream's generic server makes of requests before any handler sees them.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metascheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/handlers"
	"k8s.io/apiserver/pkg/endpoints/handlers/negotiation"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/client-go/kubernetes/scheme"
	"keelson/lines"
)

type question struct {
	Kind, Method, URL, Text string
	Texts                   []string
}

func requested(asked question) (*http.Request, error) {
	at, err := url.ParseRequestURI(asked.URL)
	if err != nil {
		return nil, err
	}
	return &http.Request{Method: asked.Method, URL: at}, nil
}

type info struct {
	IsResource                                                   bool
	Verb, Group, Version, Namespace, Resource, Subresource, Name string
	FieldSelector, LabelSelector, Error                          string
}

func requestInfo(asked question) any {
	req, err := requested(asked)
	if err != nil {
		return info{Error: "no URL"}
	}
	prefixes := &request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}
	found, err := prefixes.NewRequestInfo(req)
	if err != nil {
		return info{Error: err.Error()}
	}
	return info{
		IsResource: found.IsResourceRequest, Verb: found.Verb, Group: found.APIGroup, Version: found.APIVersion, Namespace: found.Namespace,
		Resource: found.Resource, Subresource: found.Subresource, Name: found.Name,
		FieldSelector: found.FieldSelector, LabelSelector: found.LabelSelector,
	}
}

// The form an Accept header asks for, at an endpoint that has tables and metadata.
func form(asked question) any {
	scope := &handlers.RequestScope{MetaGroupVersion: metav1.SchemeGroupVersion, TableConvertor: rest.NewDefaultTableConvertor(schema.GroupResource{Resource: "things"})}
	req := &http.Request{Header: http.Header{"Accept": {asked.Text}}, URL: &url.URL{}}
	chosen, _, err := negotiation.NegotiateOutputMediaType(req, scheme.Codecs, scope)
	if err != nil {
		return "none"
	}
	as := ""
	if chosen.Convert != nil {
		as = strings.TrimSuffix(chosen.Convert.Kind, "List") + " " + chosen.Convert.Version
	}
	return fmt.Sprintf("%s %s", chosen.Accepted.MediaType, as)
}

// What is wrong with the options of a list or watch.
func listOptions(asked question) any {
	req, err := requested(asked)
	if err != nil {
		return "no URL"
	}
	options := internalversion.ListOptions{}
	if err := metascheme.ParameterCodec.DecodeParameters(req.URL.Query(), metav1.SchemeGroupVersion, &options); err != nil {
		return err.Error()
	}
	return fmt.Sprint(validation.ValidateListOptions(&options, true).ToAggregate())
}

func continueToken(asked question) any {
	key, revision, err := storage.DecodeContinue(asked.Text, "/")
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %d", key, revision)
}

func resourceVersion(asked question) any {
	version, err := storage.APIObjectVersioner{}.ParseResourceVersion(asked.Text)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(version)
}

// The Warning headers of an answer for which all texts were said.
func warnings(asked question) any {
	answer := httptest.NewRecorder()
	say := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		for _, text := range asked.Texts {
			warning.AddWarning(req.Context(), "", text)
		}
	})
	filters.WithWarningRecorder(say).ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	return append([]string{}, answer.Header()["Warning"]...)
}

func main() {
	kinds := map[string]func(question) any{
		"info": requestInfo, "form": form, "list options": listOptions, "continue": continueToken, "version": resourceVersion, "warnings": warnings,
	}
	lines.Serve(func(line []byte) any {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return err.Error()
		}
		return kinds[asked.Kind](asked)
	})
}
