package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/intstr"
	netutils "k8s.io/utils/net"
)

func quantity(text string) answer {
	parsed, err := resource.ParseQuantity(text)
	return told(parsed.String(), err)
}

// amounts reads two quantities: their sum, their difference, how they compare, and the first in whole units and in thousandths.
func amounts(text string) answer {
	first, second, _ := strings.Cut(text, " ")
	a, err := resource.ParseQuantity(first)
	if err != nil {
		return told("", err)
	}
	b, err := resource.ParseQuantity(second)
	if err != nil {
		return told("", err)
	}
	sum, difference := a.DeepCopy(), a.DeepCopy()
	sum.Add(b)
	difference.Sub(b)
	return told(fmt.Sprint(sum.String(), " ", difference.String(), " ", a.Cmp(b), " ", a.Value(), " ", a.MilliValue()), nil)
}

// scaled reads what is scaled, as JSON, of how many, and whether up.
func scaled(text string) answer {
	parts := strings.Split(text, " ")
	var value intstr.IntOrString
	if err := json.Unmarshal([]byte(parts[0]), &value); err != nil {
		return told("", err)
	}
	total, err := strconv.Atoi(parts[1])
	if err != nil {
		return told("", err)
	}
	made, err := intstr.GetScaledValueFromIntOrPercent(&value, total, parts[2] == "up")
	return told(strconv.Itoa(made), err)
}

func goDuration(text string) answer {
	read, err := time.ParseDuration(text)
	return told(read.String(), err)
}

// age reads seconds.
func age(text string) answer {
	seconds, err := strconv.Atoi(text)
	return told(duration.HumanDuration(time.Duration(seconds)*time.Second), err)
}

func address(text string) answer {
	if ip := netutils.ParseIPSloppy(text); ip != nil {
		return told(ip.String(), nil)
	}
	return answer{Error: "none"}
}

func addressRange(text string) answer {
	ip, network, err := netutils.ParseCIDRSloppy(text)
	if err != nil {
		return answer{Error: "none"}
	}
	return told(network.String()+" "+contained(network, ip), nil)
}

func contained(network *net.IPNet, ip net.IP) string {
	return strconv.FormatBool(network.Contains(ip)) + " " + ip.String()
}
