// SPDX-License-Identifier: Apache-2.0

// Verifies what a sidecar serves as a Go relying party does, with google/go-sev-guest, and says what
// it found.
package main

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/go-sev-guest/abi"
	spb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/validate"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

type sample struct {
	Title   string
	Product string
	Report  []byte
	Table   []byte
	Ark     []byte
	Vmpl    int
	Binding binding
	// What has to come of it: accepted, refused, or refused because the library does not know the
	// product; then chain and signature are verified without it.
	Expect string
	// Part of what the library says when it refuses.
	Reason string
}

func main() {
	var samples []sample
	if err := json.NewDecoder(os.Stdin).Decode(&samples); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, s := range samples {
		if err := judge(s); err != nil {
			fmt.Printf("not ok %s: %v\n", s.Title, err)
		} else {
			fmt.Printf("ok %s\n", s.Title)
		}
	}
}

func judge(s sample) error {
	err := check(s)
	switch s.Expect {
	case "accepted":
		return err
	case "refused":
		return because(s.Reason, err)
	case "unknown":
		if err := because(s.Reason, err); err != nil {
			return err
		}
		return checkWithout(s)
	}
	return fmt.Errorf("nothing expected")
}

func because(reason string, err error) error {
	if err == nil {
		return fmt.Errorf("accepted")
	}
	if !strings.Contains(err.Error(), reason) {
		return fmt.Errorf("refused, but not for %q: %w", reason, err)
	}
	return nil
}

func check(s sample) error {
	attestation, err := read(s)
	if err != nil {
		return err
	}
	root, err := rootOf(s, attestation.CertificateChain.AskCert)
	if err != nil {
		return err
	}
	options := &verify.Options{
		DisableCertFetching: true,
		TrustedRoots:        map[string][]*trust.AMDRootCerts{s.Product: {root}},
	}
	if err := verify.SnpAttestation(attestation, options); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	reportData, err := s.Binding.reportData()
	if err != nil {
		return err
	}
	err = validate.SnpAttestation(attestation, &validate.Options{
		GuestPolicy: abi.SnpPolicy{SMT: true},
		ReportData:  reportData,
		VMPL:        &s.Vmpl,
	})
	if err != nil {
		return fmt.Errorf("validate: %w", err)
	}
	return nil
}

func read(s sample) (*spb.Attestation, error) {
	report, err := abi.ReportToProto(s.Report)
	if err != nil {
		return nil, err
	}
	table := new(abi.CertTable)
	if err := table.Unmarshal(s.Table); err != nil {
		return nil, err
	}
	return &spb.Attestation{Report: report, CertificateChain: table.Proto()}, nil
}

// The root is the one handed over apart from the evidence; the ASK has to prove itself below it.
func rootOf(s sample, ask []byte) (*trust.AMDRootCerts, error) {
	certs := &trust.ProductCerts{}
	var err error
	if certs.Ark, err = x509.ParseCertificate(s.Ark); err != nil {
		return nil, err
	}
	if certs.Ask, err = x509.ParseCertificate(ask); err != nil {
		return nil, err
	}
	return &trust.AMDRootCerts{ProductLine: s.Product, ProductCerts: certs}, nil
}

// Chain, signature and REPORT_DATA, without the library's tables of products.
func checkWithout(s sample) error {
	attestation, err := read(s)
	if err != nil {
		return err
	}
	root, err := rootOf(s, attestation.CertificateChain.AskCert)
	if err != nil {
		return err
	}
	vcek, err := x509.ParseCertificate(attestation.CertificateChain.VcekCert)
	if err != nil {
		return err
	}
	if _, err := vcek.Verify(*root.ProductCerts.X509Options(time.Now(), abi.VcekReportSigner)); err != nil {
		return err
	}
	if err := verify.SnpReportSignature(s.Report, vcek); err != nil {
		return err
	}
	reportData, err := s.Binding.reportData()
	if err != nil {
		return err
	}
	return same("REPORT_DATA", attestation.Report.ReportData, reportData)
}
