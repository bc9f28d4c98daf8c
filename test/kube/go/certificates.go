// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

type signer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// certificates writes into DIR what a control plane is made of: its CA, the API server's certificate,
// an administrator's, and the key of service accounts.
func certificates(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: kube certificates DIR")
	}
	dir := args[0]
	ca, err := issue(dir, "ca", nil, &x509.Certificate{
		Subject:               pkix.Name{CommonName: "kube"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	})
	if err != nil {
		return err
	}
	if _, err := issue(dir, "apiserver", ca, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
	}); err != nil {
		return err
	}
	if err := issueUser(dir, ca, "admin", []string{"system:masters"}); err != nil {
		return err
	}
	_, err = issue(dir, "service-accounts", nil, &x509.Certificate{})
	return err
}

// user writes NAME.crt and NAME.key into DIR, for a user in the groups named.
func user(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: kube user DIR NAME GROUP...")
	}
	ca, err := load(args[0], "ca")
	if err != nil {
		return err
	}
	return issueUser(args[0], ca, args[1], args[2:])
}

func issueUser(dir string, ca *signer, name string, groups []string) error {
	_, err := issue(dir, name, ca, &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}

// issue signs a certificate, by itself where nobody else does, and writes it with its key.
func issue(dir, name string, by *signer, template *x509.Certificate) (*signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(24 * time.Hour)
	template.KeyUsage |= x509.KeyUsageDigitalSignature
	if by == nil {
		by = &signer{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	for ending, block := range map[string]*pem.Block{
		".crt": {Type: "CERTIFICATE", Bytes: der},
		".key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		file := filepath.Join(dir, name+ending)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, err
		}
	}
	return load(dir, name)
}

func load(dir, name string) (*signer, error) {
	var ders [2][]byte
	for i, ending := range []string{".crt", ".key"} {
		text, err := os.ReadFile(filepath.Join(dir, name+ending))
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, errors.New(name + ending + " is no PEM")
		}
		ders[i] = block.Bytes
	}
	certificate, err := x509.ParseCertificate(ders[0])
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(ders[1])
	if err != nil {
		return nil, err
	}
	return &signer{certificate, key.(crypto.Signer)}, nil
}
