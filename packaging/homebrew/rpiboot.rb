# SPDX-License-Identifier: Apache-2.0
# Homebrew formula for a tap. `make release` fills in url and sha256 of the source archive. See ../README.md.
class Rpiboot < Formula
  desc "Boot, provision and recover Raspberry Pi boards over USB"
  homepage "https://example.org/rpiboot"
  url "https://example.org/rpiboot/rpiboot-1.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"
  head "https://example.org/rpiboot.git", branch: "main"

  livecheck do
    url :homepage
    regex(/href=.*?rpiboot[._-]v?(\d+(?:\.\d+)+)\.t/i)
  end

  depends_on "pkgconf" => :build
  depends_on "libusb"
  depends_on "openssl@3"
  depends_on "zstd"

  conflicts_with "homebrew/core/rpiboot", because: "both install bin/rpiboot and share/rpiboot"

  # Neither the build nor the tests fetch anything.
  deny_network_access!

  def install
    system "make", "install", "INSTALL_PREFIX=#{prefix}", "GIT_VERSION=homebrew",
           "BASHDIR=#{bash_completion}", "ZSHDIR=#{zsh_completion}"
  end

  def caveats
    <<~EOS
      The boards' firmware is not part of this package. Bring it with
        rpi-fetch-firmware --dest DIRECTORY
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/rpiboot --version")
    assert_match "Usage: rpiboot", shell_output("#{bin}/rpiboot --help")

    # An empty directory boots no board; one for the legacy firmware needs two files.
    shell_output("#{bin}/rpiboot --check -d #{testpath} 2>&1", 1)
    (testpath/"bootcode.bin").write "x" * 50_000
    (testpath/"start.elf").write "x"
    system bin/"rpiboot", "--check", "--chip", "2763", "-d", testpath
  end
end
