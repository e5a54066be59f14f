# workshop.pkr.hcl - a disk image with the workshop ready to start.
#
# Begins with a Debian cloud image that you have on disk (the "generic" or
# "nocloud" flavour in qcow2 form), lets it boot once, copies this repository in
# and runs the same provision.sh as all environments.
#
#   packer validate -var base_image=debian-12-generic-amd64.qcow2 workshop.pkr.hcl
#   packer build    -var base_image=debian-12-generic-amd64.qcow2 workshop.pkr.hcl
#
# SPDX-License-Identifier: MIT

variable "base_image" {
  type        = string
  description = "A Debian cloud image in qcow2 form, on this machine."
}

variable "base_checksum" {
  type        = string
  default     = "none"
  description = "As published beside the image, for example sha512:..."
}

variable "accelerator" {
  type    = string
  default = "kvm"
}

source "qemu" "workshop" {
  iso_url          = var.base_image
  iso_checksum     = var.base_checksum
  disk_image       = true
  disk_size        = "8G"
  format           = "qcow2"
  accelerator      = var.accelerator
  memory           = 2048
  cpus             = 2
  headless         = true
  output_directory = "build"
  vm_name          = "sampan-workshop.qcow2"

  # cloud-init makes the user from this seed, a small second disk. Its password is
  # "workshop": a machine for learning, not for the internet.
  cd_label = "cidata"
  cd_files = ["${path.root}/seed/user-data", "${path.root}/seed/meta-data"]

  ssh_username     = "workshop"
  ssh_password     = "workshop"
  ssh_timeout      = "15m"
  shutdown_command = "sudo systemctl poweroff"
}

build {
  sources = ["source.qemu.workshop"]

  provisioner "shell" {
    inline = ["sudo install -d -o workshop -g workshop /opt/sampan"]
  }

  provisioner "file" {
    source      = "${path.root}/../../../"
    destination = "/opt/sampan"
  }

  provisioner "shell" {
    inline = [
      "cloud-init status --wait || true",
      "sudo /opt/sampan/workshop/environments/provision.sh install",
      "sudo /opt/sampan/workshop/environments/provision.sh on_boot",
      "/opt/sampan/workshop/environments/provision.sh status",
      "make -C /opt/sampan/workshop levels",
    ]
  }
}
