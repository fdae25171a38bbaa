# An image of a GPU node: packer init . && packer build -var region=... image.pkr.hcl
# The build fails where verify.sh finds a difference.
packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1.3"
    }
  }
}

variable "region" {
  type = string
}

variable "instance_type" {
  type        = string
  default     = "g5.xlarge"
  description = "It needs a device: the driver is proven on it before the image is kept."
}

source "amazon-ebs" "gpu_node" {
  region        = var.region
  instance_type = var.instance_type
  ssh_username  = "ubuntu"
  ami_name      = "assay-gpu-node-{{timestamp}}"

  source_ami_filter {
    owners      = ["099720109477"] # Canonical
    most_recent = true
    filters = {
      name                = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
      virtualization-type = "hvm"
    }
  }

  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_size           = 80
    volume_type           = "gp3"
    encrypted             = true
    delete_on_termination = true
  }
}

build {
  sources = ["source.amazon-ebs.gpu_node"]

  provisioner "file" {
    sources = [
      "provision.sh",
      "verify.sh",
      "checks.sh",
      "versions.env",
    ]
    destination = "/tmp/"
  }

  provisioner "shell" {
    inline = [
      "sudo apt-get update && sudo apt-get install --yes docker.io",
      "chmod +x /tmp/provision.sh /tmp/verify.sh",
      "sudo /tmp/provision.sh",
    ]
  }

  provisioner "shell" {
    expect_disconnect = true
    inline            = ["sudo systemctl reboot"]
  }

  provisioner "shell" {
    pause_before = "60s"
    inline = [
      "sudo /tmp/provision.sh",
      "/tmp/verify.sh",
    ]
  }
}
