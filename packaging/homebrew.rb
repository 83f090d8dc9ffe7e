class Kvctl < Formula
  desc "@DESCRIPTION@"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/kvctl-@VERSION@-@target-darwin-arm64@.tar.gz"
      sha256 "@sha256-darwin-arm64@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/kvctl-@VERSION@-@target-darwin-x64@.tar.gz"
      sha256 "@sha256-darwin-x64@"
    end
  end

  on_linux do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/kvctl-@VERSION@-@target-linux-arm64@.tar.gz"
      sha256 "@sha256-linux-arm64@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/kvctl-@VERSION@-@target-linux-x64@.tar.gz"
      sha256 "@sha256-linux-x64@"
    end
  end

  def install
    bin.install "kvctl"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/kvctl.bash" => "kvctl"
    zsh_completion.install "completions/_kvctl"
    fish_completion.install "completions/kvctl.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/kvctl --version")
  end
end
