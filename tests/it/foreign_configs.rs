//! Configs of other programs: the first line of the answer names their kind, and no secret in them is printed. To print
//! the list: `cargo test --locked --test it foreign_configs::kind -- --nocapture`.

use std::fmt::Write as _;

use crate::sandbox::Sandbox;

/// A secret of each form that the samples have: a personal access token, an API key, a hash and a password.
const SECRETS: [&str; 4] = [
    "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15",
    "abcdefghijkl0123456789xy",
    "9e107d9d372bb6826bd81d3542a419d6",
    "Sup3r-S3cret!",
];

/// The name of a sample, the kind in the answer, and the text. `PAT`, `KEY`, `HASH` and `PASSWORD` are the secrets.
const SAMPLES: [(&str, &str, &str); 45] = [
    ("token file", "a token, whose file is for `token_file` (without a config: -o token_file=FILE)", "PAT\n"),
    (
        "token file with a comment",
        "a token, whose file is for `token_file` (without a config: -o token_file=FILE)",
        "# of the router\n\n  PAT  \n",
    ),
    (
        "ddns-updater",
        "a config of ddns-updater (JSON)",
        "{\n  \"settings\": [\n    {\n      \"provider\": \"gandi\",\n      \"domain\": \"home.example.org\",\n      \"personal_access_token\": \"PAT\",\n      \"ttl\": 300,\n      \"ip_version\": \"ipv4\"\n    }\n  ]\n}\n",
    ),
    (
        "cloudflare-ddns",
        "a config of cloudflare-ddns (JSON)",
        "{\n  \"cloudflare\": [\n    {\n      \"authentication\": { \"api_token\": \"HASH\" },\n      \"zone_id\": \"HASH\",\n      \"subdomains\": [ { \"name\": \"home\", \"proxied\": false } ]\n    }\n  ],\n  \"a\": true,\n  \"ttl\": 300\n}\n",
    ),
    ("JSON", "JSON", "{\"apikey\": \"KEY\", \"domain\": \"example.org\", \"names\": [\"home\"]}\n"),
    ("JSON, a list", "JSON", "[\n  {\"name\": \"home.example.org\", \"token\": \"PAT\"}\n]\n"),
    (
        "TOML of a Rust client",
        "TOML or Python",
        "fqdn = \"example.org\"\napi_key = \"PAT\"\nttl = 300\n\n[[entry]]\nname = \"home\"\ntypes = [\"A\", \"AAAA\"]\n",
    ),
    (
        "TOML of dness",
        "TOML or Python",
        "ip_types = [\"4\"]\n[log]\nlevel = \"INFO\"\n\n[[domains]]\ntype = \"gandi\"\ntoken = \"PAT\"\nzone = \"example.org\"\nrecords = [ \"home\" ]\n",
    ),
    (
        "TOML with our words",
        "TOML or Python",
        "token = \"PAT\"\nhosts = [\"home\"]\ndomain = \"example.org\"\ninterval = 300\n",
    ),
    (
        "YAML",
        "YAML",
        "---\napi_key: PAT\ndomain: example.org\nsubdomains:\n  - home\n  - \"*.home\"\nttl: 300\n",
    ),
    (
        "octoDNS",
        "YAML",
        "---\nproviders:\n  gandi:\n    class: octodns_gandi.GandiProvider\n    token: PAT\nzones:\n  example.org.:\n    sources:\n      - config\n",
    ),
    (
        "Docker Compose",
        "a Docker Compose file (YAML)",
        "version: '3'\nservices:\n  ddns:\n    image: qmcgaw/ddns-updater\n    environment:\n      - GANDI_KEY=KEY\n      - DOMAIN=example.org\n",
    ),
    (
        "Kubernetes",
        "a Kubernetes manifest (YAML)",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: gandi\nstringData:\n  token: PAT\n",
    ),
    (
        "gandi-live-dns",
        "a config of gandi-live-dns (Python)",
        "#!/usr/bin/env python\n'''\nGandi's LiveDNS\n'''\napi_secret = 'KEY'\napi_endpoint = 'https://dns.api.gandi.net/api/v5'\ndomain = 'example.org'\nsubdomains = [\"home\", \"*.home\"]\nttl = '300'\n",
    ),
    (
        "Python script",
        "a Python script",
        "#!/usr/bin/env python3\nAPIKEY = 'KEY'\ndef update(ip):\n    return requests.put(url, json={'rrset_values': [ip]})\n",
    ),
    (
        "Python module",
        "Python",
        "import os\nfrom pathlib import Path\nTOKEN = os.environ['TOKEN'] or 'PAT'\nDOMAIN = 'example.org'\n",
    ),
    (
        "Python settings",
        "TOML or Python",
        "APIKEY = 'KEY'\nDOMAIN = 'example.org'\nrecords = ['@', 'home']\n",
    ),
    (
        "shell script",
        "a shell script",
        "#!/bin/bash\nset -e\nAPIKEY=\"KEY\"\nDOMAIN=\"example.org\"\nSUBDOMAIN=\"home\"\nIP=$(curl -s ifconfig.me)\ncurl -X PUT -H \"X-Api-Key: $APIKEY\" https://dns.api.gandi.net/\n",
    ),
    (
        "shell variables",
        "an environment file or a shell script",
        "export GANDI_API_KEY=\"KEY\"\nexport GANDI_DOMAIN=example.org\nexport GANDI_RECORDS=\"home www\"\n",
    ),
    ("environment file", "an environment file or a shell script", "GANDI_PAT=PAT\n"),
    (
        "environment file with a domain",
        "an environment file or a shell script",
        "export GANDI_TOKEN=PAT\nDOMAIN=example.org\n",
    ),
    (
        "acme.sh",
        "an environment file or a shell script",
        "#LOG_LEVEL=1\nSAVED_GANDI_LIVEDNS_TOKEN='PAT'\nUSER_PATH='/usr/bin:/bin'\nUPGRADE_HASH='HASH'\n",
    ),
    (
        "ddns-scripts",
        "a UCI config (ddns-scripts)",
        "\nconfig service 'home'\n\toption enabled '1'\n\toption service_name 'gandi.net'\n\toption domain 'example.org'\n\toption username 'home'\n\toption password 'KEY'\n",
    ),
    ("UCI", "a UCI config", "config gandi 'main'\n\toption token 'PAT'\n\tlist name 'home'\n"),
    (
        "ddclient",
        "a config of ddclient",
        "daemon=300\nsyslog=yes\nuse=web, web=https://api.ipify.org/\nprotocol=gandi\nzone=example.org\npassword=PAT\nuse-personal-access-token=yes\nttl=10800\nhome.example.org\n",
    ),
    (
        "ddclient, one line",
        "a config of ddclient",
        "# Configuration file for ddclient generated by debconf\nprotocol=dyndns2 \\\nuse=if, if=eth0 \\\nserver=dyn.example \\\nlogin=me \\\npassword='PASSWORD' \\\nhome.example.org\n",
    ),
    (
        "inadyn",
        "a config of inadyn",
        "period          = 300\nuser-agent      = Mozilla/5.0\n\nprovider default@gandi.net {\n    username = example.org\n    password = PAT\n    hostname = home.example.org\n}\n",
    ),
    (
        "inadyn, custom",
        "a config of inadyn",
        "custom gandi {\n    ddns-server = dyn.example\n    ddns-path = \"/nic/update?token=HASH\"\n    hostname = { \"home.example.org\" }\n}\n",
    ),
    (
        "inadyn 1",
        "a config of inadyn 1",
        "--username me\n--password PASSWORD\n--alias home.example.org\n--update_period_sec 600\n",
    ),
    (
        "XML",
        "XML or HTML",
        "<?xml version=\"1.0\"?>\n<config><key>KEY</key><domain>example.org</domain></config>\n",
    ),
    ("HTML", "XML or HTML", "<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"),
    ("PHP", "PHP", "<?php\n$apikey = 'KEY';\n$domain = 'example.org';\n"),
    (
        "Terraform",
        "a Terraform config",
        "resource \"gandi_livedns_record\" \"home\" {\n  zone   = \"example.org\"\n  name   = \"home\"\n  values = [\"81.2.69.142\"]\n}\n",
    ),
    (
        "Caddy",
        "a Caddyfile",
        "{\n\tdynamic_dns {\n\t\tprovider gandi PAT\n\t\tdomains {\n\t\t\texample.org home\n\t\t}\n\t}\n}\n",
    ),
    (
        "systemd",
        "a systemd unit",
        "[Unit]\nDescription=DDNS\n\n[Service]\nEnvironment=GANDI_TOKEN=PAT\nExecStart=/usr/bin/ddns\n",
    ),
    ("crontab", "a crontab", "MAILTO=me\n*/5 * * * * root GANDI_KEY=KEY /usr/local/bin/ddns.sh\n"),
    (
        "DNSControl",
        "a config of DNSControl",
        "var REG = NewRegistrar(\"none\");\nvar GANDI = NewDnsProvider(\"gandi_v5\", {\"token\": \"PAT\"});\nD(\"example.org\", REG, DnsProvider(GANDI),\n  A(\"home\", \"81.2.69.142\"));\n",
    ),
    (
        "zone file",
        "a DNS zone file",
        "$ORIGIN example.org.\n$TTL 300\n@ IN SOA ns1 host 1 2 3 4 5\nhome IN A 81.2.69.142\n",
    ),
    (
        "environment file",
        "an environment file or a shell script",
        "GANDI_TOKEN=PAT\nDOMAIN=example.org\nSUBDOMAIN=home\nTTL=300\n",
    ),
    (
        "environment file with quotes",
        "an environment file or a shell script",
        "export GANDI_TOKEN=\"PAT\"\nexport DOMAIN=\"example.org\"\n",
    ),
    (
        "TOML with a section and our words",
        "TOML or Python",
        "[gandi]\ntoken = \"PAT\"\ndomain = \"example.org\"\nnames = [\"home\", \"@\"]\nttl = 300\n",
    ),
    (
        "TOML with a domain in quotes",
        "TOML or Python",
        "token = \"PAT\"\n[domains.\"example.org\"]\nnames = [\"home\"]\ntypes = [\"A\"]\n",
    ),
    (
        "output of uci show",
        "a UCI config (ddns-scripts)",
        "ddns.home=service\nddns.home.enabled='1'\nddns.home.domain='example.org'\nddns.home.password='PAT'\n",
    ),
    (
        "shell commands",
        "an environment file or a shell script",
        "API_KEY=KEY\ncurl -s -H \"X-Api-Key: KEY\" -u \"me:PASSWORD\" \"https://a.example/?b=PASSWORD\"\n",
    ),
    (
        "INI of another program",
        "an INI file of another program",
        "[dyndns]\nprovider = gandi\nuser = me\npassword = PASSWORD\nhostname = home.example.org\n",
    ),
];

/// Replaces the names of the secrets in a sample by the secrets.
fn with_secrets(text: &str) -> String {
    let [pat, key, hash, password] = SECRETS;
    // `PAT` is a part of `PATH`, and `KEY` of many names.
    let mut result = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let end = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_').len();
        let secret = match &word[..end] {
            "PAT" => pat,
            "KEY" => key,
            "HASH" => hash,
            "PASSWORD" => password,
            other => other,
        };
        result = result + secret + &word[end..];
    }
    result
}

#[test]
fn kind_of_a_foreign_config_is_the_first_line_of_the_answer() {
    let s = Sandbox::new();
    let mut list = String::new();
    for (name, kind, text) in SAMPLES {
        let text = with_secrets(text);
        s.raw_config(&text);
        for command in [&[][..], &["-n"], &["check"], &["check", "--json"], &["status"]] {
            let ran = s.run(command);
            assert_eq!(ran.code, Some(78), "{name}: {ran}");
            let all = format!("{}{}", ran.stdout, ran.stderr);
            for secret in SECRETS {
                let secret = secret.to_lowercase();
                assert!(!all.to_lowercase().contains(&secret), "{name}: a secret is printed\n{ran}");
            }
            if command.is_empty() {
                let first = ran.stderr.lines().next().unwrap_or_default();
                let expected = format!(
                    "gandi-ddns: gandi-ddns.conf: this looks like {kind}, not like a config of gandi-ddns: start from \
                     gandi-ddns.conf.example; see docs/migration.md"
                );
                assert_eq!(first, expected, "{name}: {ran}");
                // The errors of the first lines follow, and the number of the others.
                assert!((2..=5).contains(&ran.stderr.lines().count()), "{name}: {ran}");
                writeln!(list, "{name:24} {first}").expect("memory");
            } else {
                assert!(all.contains(&format!("this looks like {kind}, not")), "{name}: {ran}");
            }
        }
    }
    assert_eq!(s.fake.connections(), 0);
    #[expect(clippy::print_stdout, reason = "the list is for --nocapture")]
    {
        println!("{list}");
    }
}

#[test]
fn config_of_this_program_with_slips_is_not_called_foreign() {
    let s = Sandbox::new();
    let good = "token_file = token\nipv4 = web\n\n[example.org]\nnames = home\ntypes = A\nttl = 300\n";
    let without_file = "ipv4 = web\n[example.org]\nnames = home\nttl = 300\n";
    let mut configs = vec![
        good.replace(" = ", ": "),
        good.replace(" = ", " "),
        good.replace("= home", "= \"home\""),
        good.replace("= ", "= \"").replace('\n', "\"\n").replace("\n\"", "\n").replace("]\"", "]"),
        good.replace("[example.org]", "[[example.org]]"),
        good.replace("[example.org]\n", ""),
        good.replace("[example.org]", "domain = example.org"),
        good.replace("[example.org]", "{example.org}"),
        good.replace("names", "name").replace("token_file", "tokenfile").replace("types", "type"),
        good.replace("names", "- names"),
        good.to_uppercase().replace("TOKEN\n", "TOKENS\n"),
        good.replace("names = home", "names = [\"home\"]"),
        format!("---\n{good}"),
        format!("; a comment\n// another\n{good}"),
        format!("#!/bin/sh\n{good}frob = 1\n"),
        format!("export GANDI_TOKEN=x\n{good}"),
        format!("import = x\n{good}"),
        format!("{without_file}key = x\nhost = y\napikey = x\n"),
        format!("domain = example.org\n{without_file}"),
        "token = pat_1\n[example.org]\nname = home\ntype = A\n".to_owned(),
        "names = home\n".to_owned(),
        "token: x\n[example.org]\nnames: home\n".to_owned(),
        String::new(),
        "frob\n".to_owned(),
    ];
    // Each line of a good config misspelt, doubled or cut.
    for (i, line) in good.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let with = |other: &str| {
            let lines = good.lines().enumerate().map(|(j, line)| if i == j { other } else { line });
            lines.fold(String::new(), |text, line| text + line + "\n")
        };
        configs.extend([
            with(&format!("x{line}")),
            with(&format!("{line}\n{line}x")),
            with(&line[..line.len() / 2]),
        ]);
    }
    for config in configs {
        s.raw_config(&config);
        let ran = s.run(&["status"]);
        assert!(!ran.stderr.contains("this looks like"), "{config}\n{ran}");
    }
}
