package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
)

// written looks for the members that Go always writes, though they hold nothing: what reads an object with less help than Go gives counts on them.
func written(object *unstructured.Unstructured) error {
	made, err := scheme.Scheme.New(object.GroupVersionKind())
	if runtime.IsNotRegisteredError(err) || object.GetKind() == "Node" {
		// A node's status is its kubelet's.
		return nil
	}
	if err != nil {
		return err
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, made); err != nil {
		return err
	}
	whole, err := runtime.DefaultUnstructuredConverter.ToUnstructured(made)
	if err != nil {
		return err
	}
	for name, value := range whole {
		if _, has := object.Object[name]; !has && reflect.ValueOf(value).Kind() == reflect.Map {
			return fmt.Errorf("it has no %s", name)
		}
	}
	return nil
}

func everyKindUntyped(ctx context.Context, c *cluster) error {
	objects, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return err
	}
	partial, err := metadata.NewForConfig(c.config)
	if err != nil {
		return err
	}
	return forEachKind(ctx, c, func(k kind, name string, object map[string]any) error {
		if !slices.Contains(k.resource.Verbs, "get") {
			return nil
		}
		if !k.resource.Namespaced {
			return useUntyped(ctx, objects.Resource(k.gvr()), partial.Resource(k.gvr()), name, object)
		}
		return useUntyped(ctx, objects.Resource(k.gvr()).Namespace(c.namespace), partial.Resource(k.gvr()).Namespace(c.namespace), name, object)
	})
}

func useUntyped(ctx context.Context, objects dynamic.ResourceInterface, partial metadata.ResourceInterface, name string, object map[string]any) error {
	own := metav1.ListOptions{LabelSelector: "clients=" + name}
	created, err := objects.Create(ctx, &unstructured.Unstructured{Object: object}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := written(created); err != nil {
		return err
	}
	if _, err := objects.Apply(ctx, name, &unstructured.Unstructured{Object: object}, metav1.ApplyOptions{FieldManager: "clients", Force: true}); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	patch := []byte(`{"metadata":{"annotations":{"clients/patched":"yes"}}}`)
	patched, err := partial.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("metadata patch: %w", err)
	}
	list, err := partial.List(ctx, own)
	if err != nil {
		return fmt.Errorf("metadata list: %w", err)
	}
	if len(list.Items) != 1 || list.Items[0].UID != patched.UID || list.Items[0].Annotations["clients/patched"] != "yes" {
		return fmt.Errorf("metadata list: %v", list.Items)
	}
	whole, err := objects.List(ctx, own)
	if err != nil || len(whole.Items) != 1 || whole.Items[0].GetKind() != object["kind"] {
		return fmt.Errorf("list: %w %v", err, whole)
	}
	watcher, err := partial.Watch(ctx, metav1.ListOptions{LabelSelector: own.LabelSelector, ResourceVersion: list.ResourceVersion})
	if err != nil {
		return fmt.Errorf("metadata watch: %w", err)
	}
	defer watcher.Stop()
	if err := partial.DeleteCollection(ctx, metav1.DeleteOptions{}, own); err != nil && !apierrors.IsMethodNotSupported(err) {
		return fmt.Errorf("delete collection: %w", err)
	} else if err != nil {
		if err := partial.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	for event := range watcher.ResultChan() {
		one, isPartial := event.Object.(*metav1.PartialObjectMetadata)
		if !isPartial {
			return fmt.Errorf("metadata watch: %T", event.Object)
		}
		if event.Type == watch.Deleted || one.DeletionTimestamp != nil {
			return nil
		}
	}
	return errors.New("the watch ended")
}
