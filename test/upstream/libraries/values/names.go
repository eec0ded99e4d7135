package main

import (
	"k8s.io/apimachinery/pkg/api/validate/content"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func errors(list field.ErrorList) []string {
	problems := []string{}
	for _, err := range list {
		problems = append(problems, err.Error())
	}
	return problems
}

// checks are those of names, keys and other texts with a rule of their own, by what they say is wrong.
var checks = map[string]func(string) []string{
	"label key":            content.IsLabelKey,
	"label value":          content.IsLabelValue,
	"label":                validation.IsDNS1123Label,
	"subdomain":            validation.IsDNS1123Subdomain,
	"1035 label":           validation.IsDNS1035Label,
	"wildcard":             validation.IsWildcardDNS1123Subdomain,
	"C identifier":         validation.IsCIdentifier,
	"port name":            validation.IsValidPortName,
	"percent":              validation.IsValidPercent,
	"header":               validation.IsHTTPHeaderName,
	"environment":          validation.IsEnvVarName,
	"relaxed environment":  validation.IsRelaxedEnvVarName,
	"config key":           validation.IsConfigMapKey,
	"path segment":         content.IsPathSegmentName,
	"path prefix":          content.IsPathSegmentPrefix,
	"generated label":      func(text string) []string { return apivalidation.NameIsDNSLabel(text, true) },
	"generated subdomain":  func(text string) []string { return apivalidation.NameIsDNSSubdomain(text, true) },
	"generated 1035 label": func(text string) []string { return apivalidation.NameIsDNS1035Label(text, true) },
	"annotation":           annotation,
	"finalizer":            func(text string) []string { return errors(apivalidation.ValidateFinalizerName(text, at)) },
	"qualified domain":     func(text string) []string { return errors(validation.IsFullyQualifiedDomainName(at, text)) },
}

var at = field.NewPath("at")

func annotation(key string) []string {
	return errors(apivalidation.ValidateAnnotations(map[string]string{key: ""}, at))
}
