package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// dials makes a dialer for a request.
type dials func(config *rest.Config, request *rest.Request) (httpstream.Dialer, error)

func tunnelled(config *rest.Config, request *rest.Request) (httpstream.Dialer, error) {
	return portforward.NewSPDYOverWebsocketDialerForStreaming(request.URL(), config)
}

func dialled(config *rest.Config, request *rest.Request) (httpstream.Dialer, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	return spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, request.URL()), nil
}

// forwardBy asks a pod's server many times through one forwarder, then something nobody listens to, then again.
func forwardBy(dial dials) func(context.Context, *cluster) error {
	return func(ctx context.Context, c *cluster) error {
		if err := makePod(ctx, c, nil); err != nil {
			return err
		}
		request := c.client.CoreV1().RESTClient().Post().Namespace(c.namespace).Resource("pods").Name("p").SubResource("portforward")
		dialer, err := dial(c.config, request)
		if err != nil {
			return err
		}
		stop, ready := make(chan struct{}), make(chan struct{})
		var complaints bytes.Buffer
		forwarder, err := portforward.NewForStreaming(dialer, []string{"0:8080", "0:9"}, stop, ready, io.Discard, &complaints)
		if err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- forwarder.ForwardPorts() }()
		select {
		case <-ready:
		case err := <-done:
			return err
		}
		ports, err := forwarder.GetPorts()
		if err != nil {
			return err
		}
		for range 20 {
			if err := greeted(ports[0].Local); err != nil {
				return err
			}
		}
		if err := greeted(ports[1].Local); err == nil {
			return errors.New("a port nobody listens to answered")
		}
		close(stop)
		return <-done
	}
}

func greeted(port uint16) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != greeting+"\n" {
		return fmt.Errorf("%q %w", body, err)
	}
	return nil
}
