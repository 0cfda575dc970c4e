module k8sboot.lab/standins

go 1.19
