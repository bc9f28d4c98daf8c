// SPDX-License-Identifier: Apache-2.0

// Command kube is a Kubernetes control plane for tests, in one program so that what its parts share is
// compiled once: `kube apiserver FLAGS`, `kube etcd`, `kube controllers`, `kube certificates`,
// `kube compact` and `kube kustomize`.
package main

import (
	"fmt"
	"io"
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

var commands = map[string]func(args []string) error{
	"apiserver":    apiserver,
	"certificates": certificates,
	"compact":      compact,
	"controllers":  controllers,
	"etcd":         serveEtcd,
	"kustomize":    kustomize,
	"user":         user,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fail(fmt.Errorf("usage: kube apiserver|certificates|compact|controllers|etcd|kustomize|user ARGUMENTS"))
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func apiserver(args []string) error {
	endWithParent(func() {})
	command := app.NewAPIServerCommand()
	command.SetArgs(args)
	os.Exit(cli.Run(command))
	return nil
}

// endWithParent stops a server whose test died without stopping it: its standard input is a pipe that
// only the test holds open.
func endWithParent(before func()) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		before()
		os.Exit(1)
	}()
}
