package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

var kindChecks = []check{
	{"kinds: typed, protobuf", everyKind(runtime.ContentTypeProtobuf)},
	{"kinds: typed, JSON", everyKind(runtime.ContentTypeJSON)},
	{"kinds: dynamic and metadata", everyKindUntyped},
}

// sample is an object that a server accepts.
type sample struct {
	Name   string
	Object map[string]any
}

// samples reads them from standard input, by group/resource; $name, $namespace and $number stand for those it will have.
var samples = sync.OnceValues(func() (map[string]sample, error) {
	read := map[string]sample{}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, err
	}
	return read, json.Unmarshal(text, &read)
})

// kind is a kind of the typed clientset that the server serves.
type kind struct {
	gvk      schema.GroupVersionKind
	resource metav1.APIResource
	// client makes the typed client; it has no namespace when the kind has none.
	client func(clientset kubernetes.Interface, namespace string) reflect.Value
}

func (k kind) gvr() schema.GroupVersionResource {
	return k.gvk.GroupVersion().WithResource(k.resource.Name)
}

// kindsOf finds the kinds both know, by going through the typed clientset's methods.
func kindsOf(clientset kubernetes.Interface) ([]kind, error) {
	var found []kind
	all := reflect.ValueOf(clientset)
	for i := range all.NumMethod() {
		group, isGroup := groupClient(all.Method(i))
		if !isGroup {
			continue
		}
		version := group.MethodByName("RESTClient").Call(nil)[0].Interface().(rest.Interface).APIVersion()
		listed, err := clientset.Discovery().ServerResourcesForGroupVersion(version.String())
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, resource := range listed.APIResources {
			if k, typed := kindOf(version, resource, i, group); typed {
				found = append(found, k)
			}
		}
	}
	return found, nil
}

func groupClient(method reflect.Value) (reflect.Value, bool) {
	if method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
		return reflect.Value{}, false
	}
	if _, has := method.Type().Out(0).MethodByName("RESTClient"); !has {
		return reflect.Value{}, false
	}
	return method.Call(nil)[0], true
}

func kindOf(version schema.GroupVersion, resource metav1.APIResource, i int, group reflect.Value) (kind, bool) {
	for j := range group.NumMethod() {
		if !strings.EqualFold(group.Type().Method(j).Name, resource.Name) {
			continue
		}
		client := func(clientset kubernetes.Interface, namespace string) reflect.Value {
			getter := reflect.ValueOf(clientset).Method(i).Call(nil)[0].Method(j)
			return getter.Call([]reflect.Value{reflect.ValueOf(namespace)}[:getter.Type().NumIn()])[0]
		}
		return kind{version.WithKind(resource.Kind), resource, client}, true
	}
	return kind{}, false
}

func everyKind(contentType string) func(context.Context, *cluster) error {
	return func(ctx context.Context, c *cluster) error {
		config := rest.CopyConfig(c.config)
		config.ContentType = contentType
		config.AcceptContentTypes = contentType
		clientset, err := kubernetes.NewForConfig(config)
		if err != nil {
			return err
		}
		return forEachKind(ctx, c, func(k kind, name string, object map[string]any) error {
			return useTyped(ctx, k, k.client(clientset, c.namespace), k.client(c.client, c.namespace), name, object)
		})
	}
}

func forEachKind(ctx context.Context, c *cluster, use func(k kind, name string, object map[string]any) error) error {
	kinds, err := kindsOf(c.client)
	if err != nil {
		return err
	}
	known, err := samples()
	if err != nil {
		return err
	}
	var faults []error
	for i, k := range kinds {
		if !slices.Contains(k.resource.Verbs, "create") {
			continue
		}
		one, has := known[k.gvk.Group+"/"+k.resource.Name]
		if !has {
			faults = append(faults, fmt.Errorf("there is no sample of %v", k.gvr()))
			continue
		}
		name, object := one.named(fmt.Sprintf("%s-%d", c.namespace, i), c.namespace, i, k.gvk)
		if err := use(k, name, object); err != nil {
			faults = append(faults, fmt.Errorf("%v: %w", k.gvr(), err))
		}
	}
	return errors.Join(faults...)
}

// named gives the sample's object a name, and the shape of a version.
func (s sample) named(name, namespace string, number int, gvk schema.GroupVersionKind) (string, map[string]any) {
	fill := strings.NewReplacer("$namespace", namespace, "$name", name, "$number", fmt.Sprint(number%250))
	text, _ := json.Marshal(s.Object)
	object := map[string]any{}
	_ = json.Unmarshal([]byte(fill.Replace(string(text))), &object)
	object["apiVersion"], object["kind"] = gvk.GroupVersion().String(), gvk.Kind
	full := fill.Replace(s.Name)
	if !strings.HasSuffix(gvk.Kind, "Review") {
		object["metadata"] = map[string]any{"name": full, "labels": map[string]any{"clients": full}}
	}
	return full, object
}

// call calls a method of a typed client and returns its result; the context comes first.
func call(ctx context.Context, client reflect.Value, method string, args ...any) (any, error) {
	values := []reflect.Value{reflect.ValueOf(ctx)}
	for _, arg := range args {
		values = append(values, reflect.ValueOf(arg))
	}
	out := client.MethodByName(method).Call(values)
	err, _ := out[len(out)-1].Interface().(error)
	if err != nil {
		err = fmt.Errorf("%s: %w", method, err)
	}
	return out[0].Interface(), err
}

func has(client reflect.Value, method string) bool {
	return client.MethodByName(method).IsValid()
}

// typed makes what the method's first argument after the context wants out of an object.
func typed(client reflect.Value, method string, object map[string]any) (any, error) {
	made := reflect.New(client.MethodByName(method).Type().In(1).Elem())
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return made.Interface(), json.Unmarshal(text, made.Interface())
}

// useTyped does all a typed client can do with a kind. What `other` reads, in another encoding, must be the same.
func useTyped(ctx context.Context, k kind, client, other reflect.Value, name string, object map[string]any) error {
	if !has(client, "Create") {
		return nil
	}
	fresh, err := typed(client, "Create", object)
	if err != nil {
		return err
	}
	if !has(client, "Get") {
		_, err = call(ctx, client, "Create", fresh, metav1.CreateOptions{})
		return err
	}
	own := metav1.ListOptions{LabelSelector: "clients=" + name}
	watching, err := call(ctx, client, "Watch", own)
	if err != nil {
		return err
	}
	watcher := watching.(watch.Interface)
	defer watcher.Stop()
	if _, err = call(ctx, client, "Create", fresh, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err = changeTyped(ctx, client, name, object); err != nil {
		return err
	}
	if err = sameReads(ctx, client, other, name, own); err != nil {
		return err
	}
	if _, err = call(ctx, client, "Delete", name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if has(client, "DeleteCollection") {
		if _, err = call(ctx, client, "DeleteCollection", metav1.DeleteOptions{}, own); err != nil {
			return err
		}
	}
	return told(watcher, k, name)
}

// changeTyped updates, patches and applies.
func changeTyped(ctx context.Context, client reflect.Value, name string, object map[string]any) error {
	for _, method := range []string{"Update", "UpdateStatus"} {
		if !has(client, method) {
			continue
		}
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			current, err := call(ctx, client, "Get", name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			accessor, _ := meta.Accessor(current)
			accessor.SetAnnotations(map[string]string{"clients/by": method})
			_, err = call(ctx, client, method, current, metav1.UpdateOptions{})
			return err
		})
		if err != nil {
			return err
		}
	}
	patch := []byte(`{"metadata":{"annotations":{"clients/patched":"yes"}}}`)
	for _, kind := range []types.PatchType{types.MergePatchType, types.StrategicMergePatchType} {
		if _, err := call(ctx, client, "Patch", name, kind, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	jsonPatch := []byte(`[{"op":"remove","path":"/metadata/annotations/clients~1patched"}]`)
	if _, err := call(ctx, client, "Patch", name, types.JSONPatchType, jsonPatch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("%s: %w", types.JSONPatchType, err)
	}
	for _, method := range []string{"Apply", "ApplyStatus"} {
		if !has(client, method) {
			continue
		}
		configuration, err := typed(client, method, object)
		if err != nil {
			return err
		}
		if _, err = call(ctx, client, method, configuration, metav1.ApplyOptions{FieldManager: "clients", Force: true}); err != nil {
			return err
		}
	}
	return nil
}

// sameReads compares what two clients get and list. Something may write in between: the same again, then.
func sameReads(ctx context.Context, client, other reflect.Value, name string, own metav1.ListOptions) error {
	return retry.OnError(retry.DefaultBackoff, func(error) bool { return true }, func() error {
		for _, read := range []func(reflect.Value) (any, error){
			func(from reflect.Value) (any, error) { return call(ctx, from, "Get", name, metav1.GetOptions{}) },
			func(from reflect.Value) (any, error) { return call(ctx, from, "List", own) },
		} {
			one, err := read(client)
			if err != nil {
				return err
			}
			another, err := read(other)
			if err != nil {
				return err
			}
			if !equality.Semantic.DeepEqual(withoutRevision(one), withoutRevision(another)) {
				return fmt.Errorf("reads differ:\n%#v\n%#v", one, another)
			}
		}
		return nil
	})
}

// withoutRevision makes two lists of different moments comparable.
func withoutRevision(read any) any {
	if list, err := meta.ListAccessor(read); err == nil {
		list.SetResourceVersion("")
	}
	return read
}

// told says whether a watch told of an object's beginning, a change and its end.
func told(watcher watch.Interface, k kind, name string) error {
	seen := map[watch.EventType]int{}
	for event := range watcher.ResultChan() {
		accessor, err := meta.Accessor(event.Object)
		if err != nil {
			return fmt.Errorf("watch: %v", apierrors.FromObject(event.Object))
		}
		if accessor.GetName() != name {
			return fmt.Errorf("watch told of %s", accessor.GetName())
		}
		seen[event.Type]++
		if event.Type != watch.Deleted && accessor.GetDeletionTimestamp() == nil {
			continue
		}
		if seen[watch.Added] != 1 || seen[watch.Modified] == 0 {
			return fmt.Errorf("watch told %v of %s", seen, k.gvk.Kind)
		}
		return nil
	}
	return errors.New("the watch ended")
}
