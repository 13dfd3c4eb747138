; SPDX-License-Identifier: Apache-2.0
; Installs rpiboot for all users.
;   rpiboot-setup.exe [/S] [/NODRIVER] [/NOPATH] [/D=C:\directory]
; /S: silent. Exit status: 0 installed, 1 cancelled, 2 not a 64-bit Windows, 3 files could not be written, 10 installed,
; but not the driver.
; Built by scripts/windows-package.sh:
;   makensis -DVERSION=1.1.0 -DVERSION_NUMBERS=1.1.0.0 -DSTAGE=directory -DLIST=file -DOUT=file.exe rpiboot.nsi
Unicode true
Target amd64-unicode
!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include TextFunc.nsh
!include x64.nsh

!define GUID "{FCC68990-FB89-450F-A5B5-BCE21DC858A9}" ; of rpiboot.inf
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\rpiboot"
!define APP_PATHS "Software\Microsoft\Windows\CurrentVersion\App Paths"

Name "rpiboot ${VERSION}"
OutFile "${OUT}"
InstallDir "$PROGRAMFILES64\rpiboot"
InstallDirRegKey HKLM "Software\rpiboot" "Directory"
RequestExecutionLevel admin
SetCompressor /SOLID lzma
ManifestSupportedOS all
VIProductVersion "${VERSION_NUMBERS}"
VIAddVersionKey ProductName "rpiboot"
VIAddVersionKey FileDescription "rpiboot setup"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey LegalCopyright "Apache-2.0"

!insertmacro MUI_PAGE_LICENSE "${STAGE}\LICENSE.txt"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English

; Leaves the state of the error flag: set when the option is not on the command line.
!macro HasOption NAME
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "${NAME}" $1
!macroend

Function .onInit
  ${IfNot} ${RunningX64}
    SetErrorLevel 2
    Abort
  ${EndIf}
  SetRegView 64
FunctionEnd

; The uninstaller of an older version removes what that version installed; users' files, PATH and driver stay.
Function RemoveOlder
  ReadRegStr $0 HKLM "Software\rpiboot" "Directory"
  ${If} $0 != ""
  ${AndIf} ${FileExists} "$0\uninstall.exe"
    CopyFiles /SILENT "$0\uninstall.exe" "$PLUGINSDIR\older.exe"
    ExecWait '"$PLUGINSDIR\older.exe" /S /KEEPDRIVER _?=$0'
  ${EndIf}
FunctionEnd

Section "rpiboot" SecMain
  SectionIn RO
  SetShellVarContext all
  InitPluginsDir
  Call RemoveOlder
  ClearErrors
  SetOutPath "$INSTDIR"
  File /r "${STAGE}\*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  ${If} ${Errors}
    DetailPrint "Not all files could be written to $INSTDIR. Close programs that use them and run the setup again."
    SetErrorLevel 3
    Abort
  ${EndIf}
  WriteRegStr HKLM "Software\rpiboot" "Directory" "$INSTDIR"
  WriteRegStr HKLM "${UNINSTALL}" "DisplayName" "rpiboot"
  WriteRegStr HKLM "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${UNINSTALL}" "Publisher" "rpiboot"
  WriteRegStr HKLM "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKLM "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKLM "${UNINSTALL}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKLM "${UNINSTALL}" "EstimatedSize" $0
  WriteRegStr HKLM "${APP_PATHS}\rpiboot.exe" "" "$INSTDIR\rpiboot.exe"
  CreateDirectory "$SMPROGRAMS\rpiboot"
  ; cmd /k: the window stays open, so that the text can be read
  CreateShortcut "$SMPROGRAMS\rpiboot\Board as USB disk.lnk" "$SYSDIR\cmd.exe" \
    '/k ""$INSTDIR\rpiboot.exe" -d "$INSTDIR\mass-storage-gadget""' "$INSTDIR\rpiboot.exe"
  CreateShortcut "$SMPROGRAMS\rpiboot\rpiboot command window.lnk" "$SYSDIR\cmd.exe" \
    '/k ""$INSTDIR\rpiboot.exe" --help"' "$INSTDIR\rpiboot.exe"
  CreateShortcut "$SMPROGRAMS\rpiboot\Read me.lnk" "$INSTDIR\README.txt"
SectionEnd

Section "In the search path" SecPath
  !insertmacro HasOption "/NOPATH"
  ${If} ${Errors}
    nsExec::ExecToLog '"$INSTDIR\setup-helper.exe" path add "$INSTDIR"'
    Pop $0
    ${If} $0 != 0
      DetailPrint "The search path could not be changed ($0)."
    ${EndIf}
  ${EndIf}
SectionEnd

Section "Driver (WinUSB) for boards in USB boot mode" SecDriver
  !insertmacro HasOption "/NODRIVER"
  ${If} ${Errors}
    DetailPrint "Installing the driver. This may take a minute."
    nsExec::ExecToLog '"$SYSDIR\pnputil.exe" /add-driver "$INSTDIR\driver\rpiboot.inf" /install'
    Pop $0
    ; 0: installed; 259: ready, no board is connected now; 3010: after a restart
    ${If} $0 == 0
    ${OrIf} $0 == 259
    ${OrIf} $0 == 3010
      DetailPrint "Driver installed ($0)."
    ${Else}
      DetailPrint "The driver could not be installed ($0). See driver\README.txt."
      SetErrorLevel 10
    ${EndIf}
  ${EndIf}
SectionEnd

LangString DESC_MAIN ${LANG_ENGLISH} "The program, boot directories, tools and documents"
LangString DESC_PATH ${LANG_ENGLISH} "rpiboot can be typed in every new command window"
LangString DESC_DRIVER ${LANG_ENGLISH} "Without a driver Windows lets no program talk to boards"
!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${SecMain} $(DESC_MAIN)
  !insertmacro MUI_DESCRIPTION_TEXT ${SecPath} $(DESC_PATH)
  !insertmacro MUI_DESCRIPTION_TEXT ${SecDriver} $(DESC_DRIVER)
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function un.onInit
  SetRegView 64
FunctionEnd

; setup-helper finds the driver package by its GUID, because pnputil's output is translated.
Function un.RemoveDriver
  nsExec::ExecToStack '"$INSTDIR\setup-helper.exe" oem ${GUID}'
  Pop $0
  Pop $1
  ${If} $0 == 0
    ${TrimNewLines} $1 $1
    nsExec::ExecToLog '"$SYSDIR\pnputil.exe" /delete-driver $1 /uninstall'
    Pop $0
    ${If} $0 != 0
    ${AndIf} $0 != 3010
      DetailPrint "The driver ($1) could not be removed ($0)."
    ${EndIf}
  ${EndIf}
FunctionEnd

Section Uninstall
  SetShellVarContext all
  !insertmacro HasOption "/KEEPDRIVER" ; an update: PATH and driver stay
  ${If} ${Errors}
    Call un.RemoveDriver
    nsExec::ExecToLog '"$INSTDIR\setup-helper.exe" path remove "$INSTDIR"'
    Pop $0
  ${EndIf}
  ; exactly what was installed: users put firmware and keys into these directories
  !include "${LIST}"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\rpiboot\Board as USB disk.lnk"
  Delete "$SMPROGRAMS\rpiboot\rpiboot command window.lnk"
  Delete "$SMPROGRAMS\rpiboot\Read me.lnk"
  RMDir "$SMPROGRAMS\rpiboot"
  DeleteRegKey HKLM "${UNINSTALL}"
  DeleteRegKey HKLM "Software\rpiboot"
  DeleteRegKey HKLM "${APP_PATHS}\rpiboot.exe"
SectionEnd
