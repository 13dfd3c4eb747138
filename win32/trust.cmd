@echo off
rem SPDX-License-Identifier: Apache-2.0
rem Signs rpiboot.inf on this computer and installs it. For computers whose owner wants neither Raspberry Pi Imager nor Zadig.
setlocal
cd /d "%~dp0"
if "%~1"=="--yes" goto sign
echo This makes this computer trust one driver package, rpiboot.inf in this directory:
echo.
echo   1. It creates a code-signing certificate that is valid on this computer only.
echo   2. It signs a catalogue (rpiboot.cat) of rpiboot.inf with it, then deletes its private key,
echo      so that nothing else can be signed with it.
echo   3. It adds the certificate to "Trusted Root Certification Authorities" and "Trusted Publishers".
echo   4. It installs the driver with pnputil.
echo.
echo Computers that are managed by an organisation, and some settings of Windows 11 (Smart App Control),
echo refuse such drivers. To undo it later: certmgr, certificate "rpiboot driver (this computer)".
echo.
set answer=
set /p answer=Type yes to go on: 
if /i not "%answer%"=="yes" exit /b 1
:sign
net session >nul 2>&1
if errorlevel 1 (
	echo trust.cmd: not an administrator. Right-click trust.cmd, "Run as administrator".
	exit /b 5
)
powershell -NoProfile -ExecutionPolicy Bypass -Command ^
	"$ErrorActionPreference = 'Stop';" ^
	"$c = New-SelfSignedCertificate -Type CodeSigningCert -Subject 'CN=rpiboot driver (this computer)' -CertStoreLocation Cert:\LocalMachine\My -KeyExportPolicy NonExportable -NotAfter (Get-Date).AddYears(10);" ^
	"try {" ^
	"  $d = New-Item -ItemType Directory -Path (Join-Path $env:TEMP ([guid]::NewGuid()));" ^
	"  Copy-Item rpiboot.inf $d; New-FileCatalog -Path $d -CatalogFilePath rpiboot.cat -CatalogVersion 2.0 | Out-Null;" ^
	"  Remove-Item -Recurse $d;" ^
	"  foreach ($s in 'Root', 'TrustedPublisher') { $t = Get-Item Cert:\LocalMachine\$s; $t.Open('ReadWrite');" ^
	"    $t.Add((New-Object Security.Cryptography.X509Certificates.X509Certificate2 (,$c.RawData))); $t.Close() };" ^
	"  $r = Set-AuthenticodeSignature -FilePath rpiboot.cat -Certificate $c -HashAlgorithm SHA256;" ^
	"  if ($r.Status -ne 'Valid') { throw $r.StatusMessage }" ^
	"} finally { Remove-Item -DeleteKey $c.PSPath }"
if errorlevel 1 (
	echo trust.cmd: the driver could not be signed. Nothing was installed.
	exit /b 1
)
pnputil /add-driver rpiboot.inf /install
exit /b %errorlevel%
