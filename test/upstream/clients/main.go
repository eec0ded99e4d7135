// Uses a cluster as the programs of its world do: through upstream's client-go. Prints a line for every check and ends with 1 when one fails.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// check is something a client does with a cluster.
type check struct {
	name string
	run  func(ctx context.Context, c *cluster) error
}

// cluster is what a check works with.
type cluster struct {
	// config is the administrator's, without limits on requests.
	config    *rest.Config
	client    kubernetes.Interface
	namespace string
	// image holds a shell.
	image string
}

var checks = slices.Concat(kindChecks, watchChecks, leaderChecks, findChecks, writeChecks, identityChecks, podChecks)

// patience is how long one check may take.
const patience = 3 * time.Minute

func main() {
	kubeconfig := flag.String("kubeconfig", "", "whose cluster to use")
	image := flag.String("image", "busybox", "an image with a shell, which the nodes have")
	flag.Parse()
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	klog.SetLogger(logr.Discard())
	failed := 0
	for _, one := range checks {
		if !wanted(one.name, flag.Args()) {
			continue
		}
		started := time.Now()
		if err := try(one, *kubeconfig, *image); err != nil {
			failed++
			fmt.Printf("FAILED %s: %v\n", one.name, err)
			continue
		}
		fmt.Printf("ok %s (%.1f s)\n", one.name, time.Since(started).Seconds())
	}
	if failed > 0 {
		os.Exit(1)
	}
}

// wanted says whether a name begins as one of those that were asked for; without any, all are.
func wanted(name string, asked []string) bool {
	return len(asked) == 0 || slices.ContainsFunc(asked, func(start string) bool { return strings.HasPrefix(name, start) })
}

// try runs a check in a namespace of its own.
func try(one check, kubeconfig, image string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	namespace, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "clients-"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() {
		_ = client.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{})
	}()
	return one.run(ctx, &cluster{config: config, client: client, namespace: namespace.Name, image: image})
}
