// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

// A socket in the folder of the cluster: no port is taken, and nobody else can reach it.
func endpoint(dir string) url.URL {
	return url.URL{Scheme: "unix", Path: filepath.Join(dir, "etcd.sock")}
}

// serveEtcd runs `kube etcd DIR` until it is told to end.
func serveEtcd(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: kube etcd DIR")
	}
	endWithParent(func() { _ = os.RemoveAll(args[0]) })
	client := endpoint(args[0])
	// There is no peer, yet etcd listens for one, at a file named after a host and its port.
	if err := os.Chdir(args[0]); err != nil {
		return err
	}
	peer := url.URL{Scheme: "unix", Host: "peer:0"}
	// What it advertises has to look like a host; nobody asks for it.
	nobody := url.URL{Scheme: "http", Host: "etcd:0"}
	config := embed.NewConfig()
	config.Dir = filepath.Join(args[0], "etcd")
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{nobody}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel = "error"
	// The data never outlives the test.
	config.UnsafeNoFsync = true
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	<-server.Server.ReadyNotify()
	fmt.Println("ready")
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-signals:
		return nil
	case err := <-server.Err():
		return err
	}
}

// compact forgets every revision before the current one: `kube compact DIR` prints it.
func compact(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: kube compact DIR")
	}
	at := endpoint(args[0])
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{at.String()}})
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	now, err := client.Get(ctx, "compact")
	if err != nil {
		return err
	}
	if _, err := client.Compact(ctx, now.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		return err
	}
	fmt.Println(now.Header.Revision)
	return nil
}
