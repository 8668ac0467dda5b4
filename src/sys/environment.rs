//! The environment of the process. `main` reads it once and passes it on, so that tests can pass their own.

use std::path::{Path, PathBuf};

/// The environment variables in use, the effective user, and the config on stdin. Empty variables count as unset.
#[derive(Clone, Default)]
pub struct Environment {
    /// `GANDI_TOKEN`: the personal access token. A secret, hence no `Debug` here.
    pub token: Option<String>,
    /// `GANDI_TOKEN_FILE`: the path of a file with the token.
    pub token_file: Option<PathBuf>,
    /// `CREDENTIALS_DIRECTORY`: the directory of systemd credentials (systemd.exec(5)).
    pub credentials_directory: Option<PathBuf>,
    /// `RUNTIME_DIRECTORY`: the unit's own directories under `/run` (systemd.exec(5)), joined by colons.
    pub runtime_directory: Option<String>,
    /// The system's directory for files that do not survive a reboot: `/run`, or `/var/run` if there is none (OpenWrt).
    pub system_runtime: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR` (XDG Base Directory Specification).
    pub xdg_runtime_dir: Option<PathBuf>,
    /// `XDG_CACHE_HOME`.
    pub xdg_cache_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// The absolute path of this program; `None` if it could not be determined.
    pub program: Option<PathBuf>,
    /// The effective user ID; `None` if it could not be determined.
    pub uid: Option<u32>,
    /// `sudo ` before a command, if this process was started with sudo: the user is not root then. Otherwise empty.
    pub sudo: &'static str,
    /// The config on stdin, or the reason why it could not be read; `None` if it was not read. May contain a secret.
    pub stdin: Option<Result<String, String>>,
}

impl Environment {
    /// Returns the default config paths in search order.
    #[must_use]
    pub fn config_files(&self) -> Vec<PathBuf> {
        let mut files = vec![PathBuf::from("/etc/gandi-ddns/gandi-ddns.conf")];
        // That of OpenWrt's service.
        let made = Path::new("/var/etc/gandi-ddns.conf");
        if made.is_file() {
            files.push(made.to_owned());
        }
        if let Some(personal) = under(self.xdg_config_home.as_deref(), self.home.as_deref(), ".config") {
            files.push(personal.join("gandi-ddns/gandi-ddns.conf"));
        }
        files
    }

    /// Returns the default state directory: in memory if possible, to spare the SD card. `None` if neither a runtime
    /// directory nor a home directory is known.
    #[must_use]
    pub fn state_dir(&self) -> Option<PathBuf> {
        let first = |joined: &String| joined.split(':').next().map(PathBuf::from);
        if let Some(dir) = self.runtime_directory.as_ref().and_then(first) {
            return Some(dir);
        }
        if self.uid == Some(0) {
            let run = self.system_runtime.as_deref().unwrap_or(Path::new("/run"));
            return Some(run.join("gandi-ddns"));
        }
        let cache = || under(self.xdg_cache_home.as_deref(), self.home.as_deref(), ".cache");
        self.xdg_runtime_dir.clone().or_else(cache).map(|d| d.join("gandi-ddns"))
    }
}

/// Returns an XDG directory, or its default under the home directory.
fn under(xdg: Option<&Path>, home: Option<&Path>, default: &str) -> Option<PathBuf> {
    xdg.map(Path::to_owned).or_else(|| home.map(|h| h.join(default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_dir_prefers_directories_in_memory() {
        let mut env = Environment { home: Some("/home/pi".into()), ..Environment::default() };
        let dir = |env: &Environment| env.state_dir().expect("a directory").display().to_string();
        assert_eq!(dir(&env), "/home/pi/.cache/gandi-ddns");
        env.xdg_runtime_dir = Some("/run/user/1000".into());
        assert_eq!(dir(&env), "/run/user/1000/gandi-ddns");
        env.uid = Some(0);
        assert_eq!(dir(&env), "/run/gandi-ddns");
        env.system_runtime = Some("/var/run".into());
        assert_eq!(dir(&env), "/var/run/gandi-ddns");
        env.runtime_directory = Some("/run/a:/run/b".to_owned());
        assert_eq!(dir(&env), "/run/a");
        assert_eq!(Environment::default().state_dir(), None);
    }
}
