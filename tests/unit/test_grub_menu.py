"""What a boot menu says: which entry boots a kernel, and which kernel boots by default."""

from __future__ import annotations

import pytest

from k8sboot.osfamily import grub_menu

UUID = "0f0e-aa"
HEAD = """\
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="%s"
fi
function load_video {
  if [ x$feature_all_video_module = xy ]; then
    insmod all_video
  fi
}
"""


def linux(release: str, *, recovery: bool = False) -> str:
    words = ("recovery", " (recovery mode)") if recovery else ("advanced", "")
    return (
        f"\tmenuentry 'Debian GNU/Linux, with Linux {release}{words[1]}' --class debian --class os "
        f"$menuentry_id_option 'gnulinux-{release}-{words[0]}-{UUID}' {{\n"
        "\t\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi\n"
        f"\t\tlinux\t/boot/vmlinuz-{release} root=/dev/vda1 ro {'single' if recovery else ''}\n"
        f"\t\tinitrd\t/boot/initrd.img-{release}\n\t}}\n"
    )


def menu(*releases: str, default: str = "0") -> str:
    newest = (
        f"menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-{UUID}' {{\n"
        f"\tlinux\t/boot/vmlinuz-{releases[0]} root=/dev/vda1 ro\n}}\n"
    )
    inner = "".join(linux(release) + linux(release, recovery=True) for release in releases)
    submenu = f"submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-{UUID}' {{\n{inner}}}\n"
    firmware = "menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {\n\tfwsetup\n}\n"
    return HEAD % default + newest + submenu + firmware


BOTH = ("6.12.95+deb12-cloud-amd64", "6.1.0-13-cloud-amd64")
OLD = f"gnulinux-advanced-{UUID}>gnulinux-{BOTH[1]}-advanced-{UUID}"
NEW = f"gnulinux-advanced-{UUID}>gnulinux-{BOTH[0]}-advanced-{UUID}"


def test_an_entry_is_named_with_its_submenu():
    assert grub_menu.entry_of(menu(*BOTH), BOTH[1]) == OLD


def test_the_newest_kernels_entry_is_its_own_and_not_the_menus_first():
    assert grub_menu.entry_of(menu(*BOTH), BOTH[0]) == NEW


def test_where_the_first_entry_is_all_there_is_it_will_do():
    text = menu(BOTH[1]).partition("submenu")[0]
    assert grub_menu.entry_of(text, BOTH[1]) == f"gnulinux-simple-{UUID}"


def test_a_kernel_that_has_no_entry_has_none():
    assert grub_menu.entry_of(menu(*BOTH), "6.1.0-13") == ""


def test_recovery_mode_is_never_taken():
    text = HEAD % "0" + linux(BOTH[0], recovery=True)
    assert grub_menu.entry_of(text, BOTH[0]) == ""


def test_a_menu_without_submenus_and_ids_is_known_by_titles():
    text = (
        HEAD % "0" + "menuentry 'CentOS Linux (3.10.0) 7' --unrestricted {\n\tlinux16 /vmlinuz-3.10.0 ro\n}\n"
    )
    assert grub_menu.entry_of(text, "3.10.0") == "CentOS Linux (3.10.0) 7"


@pytest.mark.parametrize(
    ("default", "saved", "boots"),
    [
        ("0", "", BOTH[0]),
        ("0", OLD, BOTH[0]),
        ("${saved_entry}", OLD, BOTH[1]),
        ("${saved_entry}", NEW, BOTH[0]),
        ("${saved_entry}", "", BOTH[0]),
        ("1>2", "", BOTH[1]),
        (f"gnulinux-simple-{UUID}", "", BOTH[0]),
        ("Debian GNU/Linux", "", BOTH[0]),
        ("${saved_entry}", "gnulinux-gone", ""),
        ("7", "", ""),
        ("1>9", "", ""),
        ("2", "", ""),
    ],
)
def test_which_kernel_boots_when_nobody_chooses(default, saved, boots):
    assert grub_menu.default_release(menu(*BOTH, default=default), saved) == boots


def test_a_menu_that_boots_what_is_noted_is_told_from_one_that_does_not():
    assert grub_menu.default_is_saved(menu(*BOTH, default="${saved_entry}"))
    assert not grub_menu.default_is_saved(menu(*BOTH))


@pytest.mark.parametrize(
    "text", ["", "menuentry", "}\n}\n}", "menuentry 'x' {\nmenuentry 'y' {", 'set default="']
)
def test_a_menu_that_makes_no_sense_has_no_entries(text):
    assert grub_menu.entry_of(text, "6.1") == ""
    assert grub_menu.default_release(text, "") == ""
