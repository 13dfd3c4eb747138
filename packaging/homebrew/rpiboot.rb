# Homebrew formula. url and sha256 are those of a release's source archive: fill them in for a tap. See ../README.md.
class Rpiboot < Formula
  desc "Boot, provision and recover Raspberry Pi boards over USB"
  homepage "https://example.org/rpiboot"
  url "https://example.org/rpiboot/rpiboot-1.0.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on "pkgconf" => :build
  depends_on "libusb"
  depends_on "openssl@3"

  def install
    system "make", "install", "INSTALL_PREFIX=#{prefix}", "GIT_VERSION=homebrew",
           "BASHDIR=#{bash_completion}", "ZSHDIR=#{zsh_completion}"
  end

  def caveats
    <<~EOS
      The boards' firmware is not part of this package. Bring it with
        #{opt_pkgshare}/tools/rpi-fetch-firmware --dest DIRECTORY
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/rpiboot --version")
    assert_match "Usage: rpiboot", shell_output("#{bin}/rpiboot --help")
  end
end
