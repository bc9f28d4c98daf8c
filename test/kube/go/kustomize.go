// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"os"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kustomize prints what `kubectl apply -k DIR` would apply, as a JSON array, in the order to apply it in.
func kustomize(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: kube kustomize DIR")
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), args[0])
	if err != nil {
		return err
	}
	objects := []map[string]any{}
	for _, resource := range built.Resources() {
		object, err := resource.Map()
		if err != nil {
			return err
		}
		objects = append(objects, object)
	}
	return json.NewEncoder(os.Stdout).Encode(objects)
}
