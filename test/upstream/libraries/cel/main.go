// Says what upstream makes of expressions: whether they compile, of what type they are, what they come to and what they cost.
package main

import (
	"encoding/json"
	"fmt"
	"math"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"keelson/lines"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"
)

// An expression with its variables: typed by a schema, or of any type when there is none.
type question struct {
	Expression string
	Variables  map[string]variable
	// Admission asks in the environment of policies that mutate, and only whether it compiles.
	Admission bool
	// New asks in the environment of expressions that are written now, not of those that are stored.
	New bool
}

type variable struct {
	Schema *apiextensionsv1.JSONSchemaProps
	Value  json.RawMessage
}

type answer struct {
	Problem string  `json:"problem,omitempty"`
	Type    string  `json:"type,omitempty"`
	Value   string  `json:"value,omitempty"`
	Error   string  `json:"error,omitempty"`
	Cost    *uint64 `json:"cost,omitempty"`
	Min     *number `json:"min,omitempty"`
	Max     *number `json:"max,omitempty"`
}

// A cost; the largest stands for what is not bounded.
type number uint64

func (n number) MarshalJSON() ([]byte, error) {
	if n == math.MaxUint64 {
		return []byte(`"unbounded"`), nil
	}
	return json.Marshal(float64(n))
}

// Sizes by the schema of self, as rules of custom resources have them: whatever a path begins with, it is followed from there.
type sizes struct{ self *apiservercel.DeclType }

func (s sizes) EstimateSize(element checker.AstNode) *checker.SizeEstimate {
	path := element.Path()
	if len(path) == 0 || s.self == nil {
		return nil
	}
	current := s.self
	for _, name := range path[1:] {
		switch name {
		case "@items", "@values":
			current = current.ElemType
		case "@keys":
			current = current.KeyType
		default:
			field := current.Fields[name]
			if field == nil {
				return nil
			}
			current = field.Type
		}
		if current == nil {
			return nil
		}
	}
	return &checker.SizeEstimate{Min: 0, Max: uint64(current.MaxElements)}
}

func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

func structural(props *apiextensionsv1.JSONSchemaProps) *schema.Structural {
	var internal apiextensions.JSONSchemaProps
	must(apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(props, &internal, nil))
	made, err := schema.NewStructural(&internal)
	must(err)
	return made
}

// What the variables are declared as, and what they are.
func (q question) variables() (environment.VersionedOptions, sizes, map[string]any) {
	options := environment.VersionedOptions{IntroducedVersion: version.MajorMinor(1, 0)}
	var declared sizes
	values := map[string]any{}
	for name, given := range q.Variables {
		var value any
		if given.Value != nil {
			must(utiljson.Unmarshal(given.Value, &value))
		}
		if given.Schema == nil {
			options.EnvOptions = append(options.EnvOptions, cel.Variable(name, cel.DynType))
			values[name] = value
			continue
		}
		typed := structural(given.Schema)
		kind := model.SchemaDeclType(typed, typed.XEmbeddedResource).MaybeAssignTypeName(name + "Type")
		options.DeclTypes = append(options.DeclTypes, kind)
		options.EnvOptions = append(options.EnvOptions, cel.Variable(name, kind.CelType()))
		if name == "self" {
			declared.self = kind
		}
		values[name] = schemacel.UnstructuredToVal(runtime.DeepCopyJSONValue(value), typed)
	}
	return options, declared, values
}

var base = environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
var compiler = plugincel.NewCompiler(base)

type anything string

func (a anything) GetExpression() string  { return string(a) }
func (anything) ReturnTypes() []*cel.Type { return []*cel.Type{cel.AnyType} }
func (q question) environment() environment.Type {
	if q.New {
		return environment.NewExpressions
	}
	return environment.StoredExpressions
}

func (q question) inAdmission() answer {
	all := plugincel.OptionalVariableDeclarations{HasParams: true, HasAuthorizer: true, HasPatchTypes: true}
	result := compiler.CompileCELExpression(anything(q.Expression), all, q.environment())
	if result.Error != nil {
		return answer{Problem: result.Error.Detail}
	}
	return answer{Type: result.OutputType.String()}
}

func (q question) answer() answer {
	options, declared, values := q.variables()
	set, err := base.Extend(options)
	must(err)
	env, err := set.Env(q.environment())
	must(err)
	ast, issues := env.Compile(q.Expression)
	if issues != nil {
		return answer{Problem: issues.String()}
	}
	estimator := &library.CostEstimator{SizeEstimator: declared}
	program, err := env.Program(ast, cel.CostLimit(celconfig.PerCallLimit), cel.CostTracking(estimator))
	if err != nil {
		return answer{Problem: "program instantiation failed: " + err.Error()}
	}
	found := answer{Type: ast.OutputType().String()}
	if estimate, err := env.EstimateCost(ast, estimator); err == nil {
		found.Min, found.Max = (*number)(&estimate.Min), (*number)(&estimate.Max)
	}
	value, details, err := program.Eval(values)
	if details != nil {
		found.Cost = details.ActualCost()
	}
	if err != nil {
		found.Error = err.Error()
	} else {
		found.Value = written(value)
	}
	return found
}

// Upstream's library itself may fall over.
func (q question) answered() (found answer) {
	defer func() {
		if why := recover(); why != nil {
			found = answer{Problem: fmt.Sprintf("panic: %v", why)}
		}
	}()
	if q.Admission {
		return q.inAdmission()
	}
	return q.answer()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	lines.Serve(func(line []byte) any {
		var asked question
		must(json.Unmarshal(line, &asked))
		return asked.answered()
	})
}
