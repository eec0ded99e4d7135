package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/certificate"
)

var identityChecks = []check{
	{"identity: certificates asked for and given", certificates},
	{"identity: tokens and who they are", tokens},
	{"identity: another server asks who and whether", delegated},
	{"identity: kubeconfigs", kubeconfigs},
}

// approve approves whatever a signer is asked for by who asks as `name`, until the context ends.
func approve(ctx context.Context, c *cluster, signer string) {
	client := c.client.CertificatesV1().CertificateSigningRequests()
	_ = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		list, err := client.List(ctx, metav1.ListOptions{FieldSelector: "spec.signerName=" + signer})
		if err != nil {
			return false, nil
		}
		for _, request := range list.Items {
			if len(request.Status.Conditions) > 0 {
				continue
			}
			request.Status.Conditions = []certificatesv1.CertificateSigningRequestCondition{{Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "Check"}}
			_, _ = client.UpdateApproval(ctx, request.Name, &request, metav1.UpdateOptions{})
		}
		return false, nil
	})
}

// certificates lets client-go's manager of certificates get one from a signer, and uses it.
func certificates(ctx context.Context, c *cluster) error {
	dir, err := os.MkdirTemp("", "certificates-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	store, err := certificate.NewFileStore("clients", dir, dir, "", "")
	if err != nil {
		return err
	}
	lifetime := 30 * time.Minute
	manager, err := certificate.NewManager(&certificate.Config{
		ClientsetFn:                  func(*tls.Certificate) (kubernetes.Interface, error) { return c.client, nil },
		Template:                     &x509.CertificateRequest{Subject: pkix.Name{CommonName: c.namespace}},
		SignerName:                   certificatesv1.KubeAPIServerClientSignerName,
		RequestedCertificateLifetime: &lifetime,
		Usages:                       []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth},
		CertificateStore:             store,
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go approve(ctx, c, certificatesv1.KubeAPIServerClientSignerName)
	manager.Start()
	defer manager.Stop()
	if err := eventually(ctx, text(func() string { return "no certificate came" }), func() bool { return manager.Current() != nil }); err != nil {
		return err
	}
	got := manager.Current().Leaf
	if left := time.Until(got.NotAfter); left > lifetime || left < lifetime-time.Minute*6 {
		return fmt.Errorf("it lasts %v", left)
	}
	config := rest.AnonymousClientConfig(c.config)
	config.CertFile, config.KeyFile = store.CurrentPath(), store.CurrentPath()
	return isUser(ctx, config, c.namespace)
}

// isUser asks the server who it takes a client for.
func isUser(ctx context.Context, config *rest.Config, name string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if review.Status.UserInfo.Username != name {
		return fmt.Errorf("it is taken for %v", review.Status.UserInfo)
	}
	return nil
}

// account makes a service account and a token of it for an audience of one's own.
func account(ctx context.Context, c *cluster, audiences ...string) (string, error) {
	client := c.client.CoreV1().ServiceAccounts(c.namespace)
	own := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}
	if _, err := client.Create(ctx, own, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return "", err
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}}
	answer, err := client.CreateToken(ctx, "robot", request, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return answer.Status.Token, nil
}

func tokens(ctx context.Context, c *cluster) error {
	token, err := account(ctx, c)
	if err != nil {
		return err
	}
	robot := "system:serviceaccount:" + c.namespace + ":robot"
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken = token
	if err = isUser(ctx, config, robot); err != nil {
		return err
	}
	file := filepath.Join(os.TempDir(), c.namespace)
	if err = os.WriteFile(file, []byte(token), 0o600); err != nil {
		return err
	}
	defer os.Remove(file)
	fromFile := rest.AnonymousClientConfig(c.config)
	fromFile.BearerTokenFile = file
	if err = isUser(ctx, fromFile, robot); err != nil {
		return err
	}
	foreign, err := account(ctx, c, "elsewhere")
	if err != nil {
		return err
	}
	config.BearerToken = foreign
	if err = isUser(ctx, config, robot); !apierrors.IsUnauthorized(err) {
		return fmt.Errorf("a token for elsewhere: %w", err)
	}
	return nil
}

// delegated does what every aggregated server does with a request: it asks the cluster who sent it and what they may.
func delegated(ctx context.Context, c *cluster) error {
	backoff := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Steps: 3}
	authenticators, _, err := authenticatorfactory.DelegatingAuthenticatorConfig{
		TokenAccessReviewClient: c.client.AuthenticationV1(), WebhookRetryBackoff: &backoff, CacheTTL: time.Minute, TokenAccessReviewTimeout: 10 * time.Second,
	}.New()
	if err != nil {
		return err
	}
	token, err := account(ctx, c)
	if err != nil {
		return err
	}
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	who, known, err := authenticators.AuthenticateRequest(request)
	if err != nil || !known {
		return fmt.Errorf("who: %v %w", who, err)
	}
	request.Header.Set("Authorization", "Bearer "+token+"x")
	if _, known, err = authenticators.AuthenticateRequest(request); known {
		return fmt.Errorf("a token that is not right: %w", err)
	}
	return mayRead(ctx, c, who.User, backoff)
}

func mayRead(ctx context.Context, c *cluster, who user.Info, backoff wait.Backoff) error {
	authorize, err := authorizerfactory.DelegatingAuthorizerConfig{
		SubjectAccessReviewClient: c.client.AuthorizationV1(), WebhookRetryBackoff: &backoff,
	}.New()
	if err != nil {
		return err
	}
	reads := authorizer.AttributesRecord{User: who, Verb: "get", Namespace: c.namespace, Resource: "configmaps", APIVersion: "v1", ResourceRequest: true}
	if decision, _, err := authorize.Authorize(ctx, reads); err != nil || decision == authorizer.DecisionAllow {
		return fmt.Errorf("without a role: %v %w", decision, err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "view"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "robot", Namespace: c.namespace}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
	}
	if _, err := c.client.RbacV1().RoleBindings(c.namespace).Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return err
	}
	said := ""
	err = eventually(ctx, text(func() string { return said }), func() bool {
		decision, reason, err := authorize.Authorize(ctx, reads)
		said = fmt.Sprint(reason, err)
		return decision == authorizer.DecisionAllow
	})
	if err != nil {
		return err
	}
	rules, err := c.client.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: c.namespace}}, metav1.CreateOptions{})
	if err != nil || len(rules.Status.ResourceRules) == 0 || rules.Status.Incomplete {
		return fmt.Errorf("rules: %v %w", rules, err)
	}
	return nil
}

// kubeconfigs says the same thing in the ways a kubeconfig can: by files, by data, by a command, by impersonation.
func kubeconfigs(ctx context.Context, c *cluster) error {
	token, err := account(ctx, c)
	if err != nil {
		return err
	}
	robot := "system:serviceaccount:" + c.namespace + ":robot"
	credential := fmt.Sprintf(`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":%q}}`, token)
	if err = rest.LoadTLSFiles(c.config); err != nil {
		return err
	}
	admin := clientcmdapi.AuthInfo{ClientCertificateData: c.config.CertData, ClientKeyData: c.config.KeyData}
	impersonating := admin
	impersonating.Impersonate, impersonating.ImpersonateGroups = robot, []string{"system:serviceaccounts"}
	users := map[string]*clientcmdapi.AuthInfo{
		"token":       {Token: token},
		"impersonate": &impersonating,
		"command": {Exec: &clientcmdapi.ExecConfig{APIVersion: "client.authentication.k8s.io/v1", Command: "echo", Args: []string{credential},
			InteractiveMode: clientcmdapi.NeverExecInteractiveMode}},
	}
	var faults []error
	for name, auth := range users {
		file := clientcmdapi.NewConfig()
		file.Clusters["c"] = &clientcmdapi.Cluster{Server: c.config.Host, CertificateAuthorityData: c.config.CAData, TLSServerName: c.config.ServerName}
		file.AuthInfos[name] = auth
		file.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: name, Namespace: c.namespace}
		file.CurrentContext = "x"
		text, err := clientcmd.Write(*file)
		if err != nil {
			return err
		}
		config, err := clientcmd.RESTConfigFromKubeConfig(text)
		if err != nil {
			return err
		}
		if err := isUser(ctx, config, robot); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}
