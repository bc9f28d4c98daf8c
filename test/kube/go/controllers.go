// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsscheme "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/scheme"
	policy "k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/endpointslice"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
	"k8s.io/kubernetes/pkg/controller/statefulset"
	policystatus "k8s.io/kubernetes/pkg/controller/validatingadmissionpolicystatus"
	"k8s.io/kubernetes/pkg/generated/openapi"
)

const workers = 5

// One of kube-controller-manager's controllers, ready to run.
type loop func(ctx context.Context)

// What kube-controller-manager hands to the controllers it makes; there are fewer of them here, because
// the whole of it takes as long to compile as the API server does.
type manager struct {
	config  *rest.Config
	shared  informers.SharedInformerFactory
	client  kubernetes.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
	rootCA  []byte
	started chan struct{}
}

// controllers runs `kube controllers DIR URL` against the API server at URL, with the certificates in DIR.
func controllers(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: kube controllers DIR URL")
	}
	endWithParent(func() {})
	dir, url := args[0], args[1]
	rootCA, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return err
	}
	config := &rest.Config{
		Host: url,
		TLSClientConfig: rest.TLSClientConfig{
			CAData:   rootCA,
			CertFile: filepath.Join(dir, "admin.crt"),
			KeyFile:  filepath.Join(dir, "admin.key"),
		},
		ContentConfig: rest.ContentConfig{ContentType: "application/vnd.kubernetes.protobuf"},
		QPS:           -1,
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return run(klog.NewContext(ctx, klog.Background()), config, rootCA)
}

func run(ctx context.Context, config *rest.Config, rootCA []byte) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	m := &manager{
		config:  config,
		shared:  informers.NewSharedInformerFactory(client, 0),
		client:  client,
		mapper:  restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery())),
		rootCA:  rootCA,
		started: make(chan struct{}),
	}
	var loops []loop
	for account, make := range map[string]func(context.Context, *manager, *rest.Config, kubernetes.Interface) (loop, error){
		"clusterrole-aggregation-controller":          clusterRoles,
		"deployment-controller":                       deployments,
		"endpointslice-controller":                    endpointSlices,
		"generic-garbage-collector":                   garbage,
		"namespace-controller":                        namespaces,
		"replicaset-controller":                       replicaSets,
		"root-ca-cert-publisher":                      rootCertificates,
		"service-account-controller":                  serviceAccounts,
		"statefulset-controller":                      statefulSets,
		"validatingadmissionpolicy-status-controller": policies,
	} {
		own := rest.CopyConfig(config)
		own.Impersonate = rest.ImpersonationConfig{
			UserName: "system:serviceaccount:kube-system:" + account,
			Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"},
		}
		client, err := kubernetes.NewForConfig(own)
		if err != nil {
			return err
		}
		made, err := make(ctx, m, own, client)
		if err != nil {
			return fmt.Errorf("%s: %w", account, err)
		}
		loops = append(loops, made)
	}
	m.shared.Start(ctx.Done())
	close(m.started)
	for _, loop := range loops {
		go loop(ctx)
	}
	<-ctx.Done()
	return nil
}

func deployments(ctx context.Context, m *manager, _ *rest.Config, client kubernetes.Interface) (loop, error) {
	apps := m.shared.Apps().V1()
	c, err := deployment.NewDeploymentController(ctx, apps.Deployments(), apps.ReplicaSets(), m.shared.Core().V1().Pods(), client)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}

func replicaSets(ctx context.Context, m *manager, _ *rest.Config, client kubernetes.Interface) (loop, error) {
	c := replicaset.NewReplicaSetController(ctx, m.shared.Apps().V1().ReplicaSets(), m.shared.Core().V1().Pods(), client, replicaset.BurstReplicas)
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}

func statefulSets(ctx context.Context, m *manager, _ *rest.Config, client kubernetes.Interface) (loop, error) {
	core, apps := m.shared.Core().V1(), m.shared.Apps().V1()
	c := statefulset.NewStatefulSetController(ctx, core.Pods(), apps.StatefulSets(), core.PersistentVolumeClaims(), apps.ControllerRevisions(), client)
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}

func namespaces(ctx context.Context, m *manager, config *rest.Config, client kubernetes.Interface) (loop, error) {
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	resources := client.Discovery().ServerPreferredNamespacedResources
	c := namespace.NewNamespaceController(ctx, client, objects, resources, m.shared.Core().V1().Namespaces(), 5*time.Minute, corev1.FinalizerKubernetes)
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}

func serviceAccounts(ctx context.Context, m *manager, _ *rest.Config, client kubernetes.Interface) (loop, error) {
	core := m.shared.Core().V1()
	c, err := serviceaccount.NewServiceAccountsController(klog.FromContext(ctx), core.ServiceAccounts(), core.Namespaces(), client, serviceaccount.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}

func rootCertificates(_ context.Context, m *manager, _ *rest.Config, client kubernetes.Interface) (loop, error) {
	core := m.shared.Core().V1()
	c, err := rootcacertpublisher.NewPublisher(core.ConfigMaps(), core.Namespaces(), client, m.rootCA)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}

func endpointSlices(ctx context.Context, m *manager, _ *rest.Config, client kubernetes.Interface) (loop, error) {
	core := m.shared.Core().V1()
	c := endpointslice.NewController(ctx, core.Pods(), core.Services(), core.Nodes(), m.shared.Discovery().V1().EndpointSlices(), 100, client, 0)
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}

func clusterRoles(_ context.Context, m *manager, _ *rest.Config, client kubernetes.Interface) (loop, error) {
	c := clusterroleaggregation.NewClusterRoleAggregation(m.shared.Rbac().V1().ClusterRoles(), client.RbacV1())
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}

func garbage(ctx context.Context, m *manager, config *rest.Config, client kubernetes.Interface) (loop, error) {
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	all := informerfactory.NewInformerFactory(m.shared, metadatainformer.NewSharedInformerFactory(objects, 0))
	c, err := garbagecollector.NewGarbageCollector(ctx, client, objects, m.mapper, garbagecollector.DefaultIgnoredResources(), all, m.started)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		go c.Sync(ctx, client.Discovery(), 30*time.Second)
		c.Run(ctx, workers, 30*time.Second)
	}, nil
}

// policies is what says in the status of a ValidatingAdmissionPolicy which of its expressions do not fit
// the types they are about.
func policies(_ context.Context, m *manager, _ *rest.Config, client kubernetes.Interface) (loop, error) {
	schemas := resolver.NewDefinitionsSchemaResolver(openapi.GetOpenAPIDefinitions, scheme.Scheme, apiextensionsscheme.Scheme)
	checker := &policy.TypeChecker{
		SchemaResolver: schemas.Combine(&resolver.ClientDiscoveryResolver{Discovery: client.Discovery()}),
		RestMapper:     m.mapper,
	}
	registration := client.AdmissionregistrationV1()
	c, err := policystatus.NewController(m.shared.Admissionregistration().V1().ValidatingAdmissionPolicies(), registration.ValidatingAdmissionPolicies(), checker)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) { c.Run(ctx, workers) }, nil
}
