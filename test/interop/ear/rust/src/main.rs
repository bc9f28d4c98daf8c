// SPDX-License-Identifier: Apache-2.0

//! Reads EARs as a Rust consumer of Project Veraison does, Trustee among them, and says what it found.

use std::collections::BTreeMap;
use std::io::stdin;

use ear::Ear;
use serde::Deserialize;

#[derive(Deserialize)]
struct Sample {
    title: String,
    text: String,
    status: String,
    vector: BTreeMap<String, i8>,
    policy: String,
}

fn main() {
    let samples: Vec<Sample> = serde_json::from_reader(stdin()).expect("samples");
    for sample in samples {
        match check(&sample) {
            Ok(()) => println!("ok {}", sample.title),
            Err(problem) => println!("not ok {}: {problem}", sample.title),
        }
    }
}

fn check(sample: &Sample) -> Result<(), String> {
    let mut ear: Ear = serde_json::from_str(&sample.text).map_err(|error| error.to_string())?;
    expect("profile", &ear.profile, ear::EAR_PROFILE)?;
    expect("build", &ear.vid.build, "assay 0.0.0-interop")?;
    if ear.nonce.is_none() || ear.exp.is_none() {
        return Err("nonce or expiry is missing".into());
    }
    let cpu0 = ear.submods.get("cpu0").ok_or("no cpu0")?;
    expect("status", cpu0.status.as_str(), &sample.status)?;
    expect("policy", &cpu0.policy_ids.join(" "), &sample.policy)?;
    for (name, value) in &sample.vector {
        let claim = cpu0
            .trust_vector
            .by_name(name)
            .map_err(|error| error.to_string())?;
        expect(name, &claim.value().to_string(), &value.to_string())?;
    }
    if !cpu0.attester_claims.contains_key("claims") || !cpu0.verifier_claims.contains_key("assay") {
        return Err("claims are missing".into());
    }
    let whole = ear.status.ok_or("no status of the whole")?;
    expect("status of the whole", whole.as_str(), &sample.status)?;
    ear.update_status_from_trust_vector();
    expect(
        "status by the vector",
        ear.submods["cpu0"].status.as_str(),
        &sample.status,
    )?;
    serde_json::to_string(&ear).map_err(|error| error.to_string())?;
    Ok(())
}

fn expect(what: &str, got: &str, expected: &str) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what} {got}, expected {expected}"))
}
