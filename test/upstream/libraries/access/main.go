// Says what upstream's generic server makes of the documents that configure access, audit and encryption.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/sets"
	api "k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	"k8s.io/apiserver/pkg/audit/policy"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	authorizationcel "k8s.io/apiserver/pkg/authorization/cel"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"
	"keelson/lines"
)

type question struct {
	Kind, Text, User, Method, URL string
	Reload                        bool
	Groups                        []string
	Claims                        string
}

var codecs serializer.CodecFactory

func init() {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	if err := api.AddToScheme(scheme); err != nil {
		panic(err)
	}
	if err := apiserverv1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	codecs = serializer.NewCodecFactory(scheme, serializer.EnableStrict)
}

// What is wrong with a document, once it is read; empty when nothing is.
func check(asked question) any {
	object, err := runtime.Decode(codecs.UniversalDecoder(), []byte(asked.Text))
	if err != nil {
		return "unreadable: " + err.Error()
	}
	var problems utilerrors.Aggregate
	switch config := object.(type) {
	case *api.AuthenticationConfiguration:
		compiler := authenticationcel.NewDefaultCompiler()
		problems = validation.ValidateAuthenticationConfiguration(compiler, config, []string{"https://own.example"}).ToAggregate()
	case *api.AuthorizationConfiguration:
		compiler := authorizationcel.NewDefaultCompiler()
		known := sets.New("Node", "RBAC", "Webhook", "AlwaysAllow", "AlwaysDeny")
		problems = validation.ValidateAuthorizationConfiguration(compiler, nil, config, known, sets.New("Webhook")).ToAggregate()
	case *api.EncryptionConfiguration:
		problems = validation.ValidateEncryptionConfiguration(config, asked.Reload).ToAggregate()
	default:
		return fmt.Sprintf("unreadable: %T", object)
	}
	if problems == nil {
		return ""
	}
	return problems.Error()
}

func readPolicy(asked question) any {
	if _, err := policy.LoadPolicyFromBytes([]byte(asked.Text)); err != nil {
		return err.Error()
	}
	return ""
}

// How a policy has a request audited.
func audited(asked question) any {
	read, err := policy.LoadPolicyFromBytes([]byte(asked.Text))
	if err != nil {
		return err.Error()
	}
	prefixes := &request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}
	info, err := prefixes.NewRequestInfo(httptest.NewRequest(asked.Method, asked.URL, nil))
	if err != nil {
		return err.Error()
	}
	ctx := request.WithUser(request.WithRequestInfo(context.Background(), info), &user.DefaultInfo{Name: asked.User, Groups: asked.Groups})
	attributes, err := filters.GetAuthorizerAttributes(ctx)
	if err != nil {
		return err.Error()
	}
	found := policy.NewPolicyRuleEvaluator(read).EvaluatePolicyRule(attributes)
	return fmt.Sprintf("%s %v %v", found.Level, sets.List(sets.New(policy.ConvertStagesToStrings(found.OmitStages)...)), found.OmitManagedFields)
}

// believing takes every token for signed.
type believing struct{}

func (believing) VerifySignature(_ context.Context, token string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
}

// Whom claims stand for by the one issuer of a document.
func identified(asked question) any {
	object, err := runtime.Decode(codecs.UniversalDecoder(), []byte(asked.Text))
	if err != nil {
		return err.Error()
	}
	config := object.(*api.AuthenticationConfiguration).JWT[0]
	authenticator, err := oidc.New(context.Background(), oidc.Options{JWTAuthenticator: config, KeySet: believing{}})
	if err != nil {
		return "no issuer"
	}
	encode := base64.RawURLEncoding.EncodeToString
	token := encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(asked.Claims)) + "." + encode([]byte("signed"))
	found, ok, err := authenticator.AuthenticateToken(context.Background(), token)
	if err != nil {
		return err.Error()
	}
	if !ok {
		return "absent"
	}
	who := found.User
	return map[string]any{"name": who.GetName(), "uid": who.GetUID(), "groups": append([]string{}, who.GetGroups()...), "extra": who.GetExtra()}
}

func main() {
	kinds := map[string]func(question) any{"check": check, "policy": readPolicy, "audited": audited, "identified": identified}
	lines.Serve(func(line []byte) any {
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return err.Error()
		}
		return kinds[asked.Kind](asked)
	})
}
